"""Applications of tests are quicker to make: what builds an address from a rule is compiled once.

Werkzeug compiles two functions for each rule of each application, which takes most of the time of
making one. A function depends only on its rule: its converters are read from the rule that it is
called on.
"""

from functools import cache

from werkzeug.routing import Rule

_compile_builder = Rule._compile_builder


@cache
def remember_builders() -> None:
    """From here on, rules that say the same share their functions."""
    compiled = {}

    def remembered(rule, append_unknown=True):
        if rule.defaults:  # values without a hash
            return _compile_builder(rule, append_unknown)
        key = rule.rule, tuple(rule._trace), append_unknown
        if key not in compiled:
            compiled[key] = _compile_builder(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = remembered
