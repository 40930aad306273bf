"""Templates say what Jinja's own code makes of them, and refuse what it refuses."""

import jinja2
import pytest
from markupsafe import Markup

from portal.web.template_code import Code

PARTS = """
{%- macro named(words, kind="", end=".") -%}
<b{% if kind %} class="{{ kind }}"{% endif %}>{{ words }}</b>{{ end }}
{%- endmacro -%}
{%- macro around(title) -%}
<div title="{{ title }}">{{ caller() if caller is defined else "" }}</div>
{%- endmacro -%}
{%- macro rest() -%}{{ varargs | join("|") }} {{ kwargs.items() | list }}{%- endmacro -%}
"""
PAGE = '{% from "parts" import named, around, rest %}'
WRITTEN = [
    "{{ text }} {{ ready }} {{ number }} {{ none }} {{ '<' ~ ready }} {{ listed }}",
    "{{ named(text) }}{{ named(text, 'a') }}{{ named(ready, end='!') }}",
    "{{ named(words=text, kind='b') }}",
    "{{ named(named(text)) }}{% set kept = named(text) %}{{ kept }}{{ kept | length }}",
    "{% call around(text) %}{{ text }}{{ named(1) }}{% endcall %}{{ around('x') }}",
    "{% macro own(a) %}{{ a }}{{ text }}{% endmacro %}"
    "{% for one in listed %}{{ own(one) }}{% endfor %}",
    "{{ rest(1, 2, three=text) }}{{ rest(*listed, **pairs) }}{{ named(*listed) }}",
    "{% autoescape false %}{{ text }}{{ named(text) }}{% endautoescape %}{{ text }}",
    "{{ pairs.key }}{{ 'a'.upper() }}{{ text.replace('&', 'and') }}{{ dict(class='x')['class'] }}",
    "{% set block %}{{ text }}{% endset %}{{ block }}{% filter upper %}{{ text }}{% endfilter %}",
]
REFUSED = [
    "{{ missing }}",
    "{{ text.missing }}",
    "{{ missing() }}",
    "{{ named() }}",
    "{{ named(1, 2, 3, 4) }}",
    "{{ named(1, words=2) }}",
    "{{ named(1, other=2) }}",
]
GIVEN = {
    "text": "Tea & <cake> at 'ten'",
    "ready": Markup("<i>done</i>"),
    "number": 7,
    "none": None,
    "listed": ["<a>", "b"],
    "pairs": {"key": "<v>"},
}


class _Lean(jinja2.Environment):
    code_generator_class = Code


def rendered(kind, page):
    environment = kind(
        loader=jinja2.DictLoader({"parts": PARTS, "page": PAGE + page}),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("page").render(**GIVEN)


@pytest.mark.parametrize("page", WRITTEN)
def test_the_output_is_that_of_jinja(page):
    assert rendered(_Lean, page) == rendered(jinja2.Environment, page)


@pytest.mark.parametrize("page", REFUSED)
def test_what_jinja_refuses_is_refused_in_the_same_words(page):
    with pytest.raises((jinja2.UndefinedError, TypeError)) as error:
        rendered(jinja2.Environment, page)
    with pytest.raises(type(error.value)) as ours:
        rendered(_Lean, page)

    assert str(ours.value) == str(error.value)
