"""Applications of tests are quicker to make: each rule is compiled once.

Most tests make an application of their own, and to compile its rules takes Werkzeug most of that
time. What it compiles depends only on what the rule says and on the converters of its map, which
are never changed afterwards.
"""

from functools import cache

from werkzeug.routing import Rule

# What compiling a rule sets. Its two builders of addresses are kept as functions, and bound to the
# rule that they are used for.
_COMPILED = ("_parts", "_trace", "_converters", "arguments")
_BUILDERS = ("_build", "_build_unknown")

_compile = Rule.compile


@cache
def remember_rules() -> None:
    """From here on, rules that say the same share what they are compiled to."""
    known = {}

    def compile_once(rule):
        if rule.defaults:  # values without a hash
            _compile(rule)
            return
        where = rule.map.host_matching, rule.host, rule.subdomain, rule.merge_slashes
        key = rule.rule, *where, *rule.map.converters.items()
        if key not in known:
            _compile(rule)
            known[key] = (
                {name: getattr(rule, name) for name in _COMPILED},
                {name: getattr(rule, name).__func__ for name in _BUILDERS},
            )
        compiled, builders = known[key]
        vars(rule).update(compiled)
        for name, function in builders.items():
            setattr(rule, name, function.__get__(rule))

    Rule.compile = compile_once
