"""Accounts of centre workers, and the ways to sign in.

`accounts` keeps them, `sign_in` their sessions; `passwords`, `second_factors` and `openid` prove
who somebody is. Their pages are in `web/staff`.
"""
