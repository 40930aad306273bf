"""Staff accounts, and the ways to sign in.

`accounts` manages the accounts, `sign_in` their sessions; `passwords`, `second_factors` and
`openid` prove who somebody is. The staff pages are in `web/staff`.
"""
