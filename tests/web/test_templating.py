"""Templates as bytecode, which is kept beside the package while it is what would be compiled."""

import sys
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from portal.web.templating import environment


@pytest.fixture
def kept(tmp_path, monkeypatch) -> Path:
    """The folder in which Python, and so the environment, keeps bytecode."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "kept"


def fresh() -> jinja2.Environment:
    """An environment as a new process has it."""
    return environment.__wrapped__()


def compiled(monkeypatch) -> list[str]:
    """The names of the templates that are compiled from now on."""
    names, real = [], jinja2.Environment.compile

    def compile_(self, source, name=None, *more, **given):
        names.append(name)
        return real(self, source, name, *more, **given)

    monkeypatch.setattr(jinja2.Environment, "compile", compile_)
    return names


def test_a_template_is_compiled_by_the_first_process_alone(kept, monkeypatch) -> None:
    names = compiled(monkeypatch)
    first = fresh().get_template("_macros.html").module.back_link("/")
    assert fresh().get_template("_macros.html").module.back_link("/") == first
    assert names == ["_macros.html"]
    assert [*kept.rglob("*.bytecode")]


def test_it_is_compiled_again_for_another_jinja(kept, monkeypatch) -> None:
    fresh().get_template("_macros.html")
    names = compiled(monkeypatch)
    monkeypatch.setattr(jinja2, "__version__", "3.1.0")
    fresh().get_template("_macros.html")
    assert names == ["_macros.html"]


def test_it_is_compiled_again_when_its_text_changes(kept, monkeypatch) -> None:
    made = fresh()
    name = made.get_template("_rose.html").filename
    text, other = Path(name).read_text("utf-8"), "another"
    made.bytecode_cache.get_bucket(made, "_rose.html", name, text)
    assert made.bytecode_cache.get_bucket(made, "_rose.html", name, text).code
    assert made.bytecode_cache.get_bucket(made, "_rose.html", name, other).code is None


def test_damaged_bytecode_is_compiled_again(kept) -> None:
    fresh().get_template("_macros.html")
    for file in kept.rglob("*.bytecode"):
        file.write_bytes(file.read_bytes()[:-40])
    assert "Back" in fresh().get_template("_macros.html").module.back_link("/")


def test_pages_are_rendered_where_nothing_can_be_kept(kept) -> None:
    kept.write_text("a file, not a folder")
    assert "Back" in fresh().get_template("_macros.html").module.back_link("/")


def test_nothing_is_kept_where_python_keeps_no_bytecode(kept, monkeypatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    fresh().get_template("_macros.html")
    assert not kept.exists()


def test_no_template_has_a_constant_for_a_filter_of_ours() -> None:
    """Jinja would apply it as it compiles, and a changed filter does not change the template."""
    pages = fresh()
    found = 0
    for name in pages.list_templates(["html", "json", "txt"]):
        for used in pages.parse(pages.loader.get_source(pages, name)[0]).find_all(nodes.Filter):
            if pages.filters[used.name].__module__.startswith("portal"):
                found += 1
                with pytest.raises(nodes.Impossible):
                    used.as_const()
    assert found > 100
