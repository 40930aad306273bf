"""The quarterly report: inputs, outputs and outcomes, from the content and the register.

What it hides: how facts are counted, and how small numbers are kept from being worked out. What
`report` gives is safe to be published; `facts` are exact, and for this package alone.
"""
