"""The Python code that templates are compiled to: the output of Jinja's own, in less time.

Jinja's code allows for escaping that is switched on and off, and for functions that are given the
context of the template. Our templates have neither: everything is escaped. So a macro is called
like any function, and a value that is written is not wrapped in `Markup` first. Pages call dozens
of macros and write hundreds of values, and this was a third of the time of a page.
"""

from __future__ import annotations

from collections.abc import Callable
from keyword import iskeyword
from typing import Any

import markupsafe
from jinja2.compiler import CodeGenerator, Frame, MacroRef
from jinja2.nodes import Call, Expr, Template
from jinja2.runtime import Macro
from jinja2.utils import missing
from markupsafe import Markup, escape


class Code(CodeGenerator):
    """Compiles templates of an environment in which everything is escaped."""

    def visit_Template(self, node: Template, frame: Frame | None = None) -> None:
        self.writeline(f"from {__name__} import FastMacro, escaped")
        super().visit_Template(node, frame)

    def macro_def(self, macro_ref: MacroRef, frame: Frame) -> None:
        self.write("Fast")  # Jinja goes on with the name of its own class and the arguments
        super().macro_def(macro_ref, frame)

    def visit_Call(self, node: Call, frame: Frame, forward_caller: bool = False) -> None:
        if node.dyn_args or node.dyn_kwargs or any(iskeyword(one.key) for one in node.kwargs):
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.visit(node.node, frame)
        self.write("(")
        for argument in (*node.args, *node.kwargs):
            self.visit(argument, frame)
            self.write(", ")
        self.write("caller=caller)" if forward_caller else ")")

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write(f"escaped({finalize.src or ''}")


class FastMacro(Macro):
    """A macro whose output is always `Markup`."""

    def __call__(self, *given: Any, **named: Any) -> Any:
        if self.caller or self.catch_kwargs or self.catch_varargs:
            return super().__call__(*given, **named)
        if not named and len(given) == self._argument_count:
            return _new(Markup, self._func(*given))
        arguments = [*given, *(named.pop(name, missing) for name in self.arguments[len(given) :])]
        if named or len(arguments) > self._argument_count:
            return super().__call__(*given, **named)  # it raises the error
        return _new(Markup, self._func(*arguments))


_new = str.__new__  # `Markup` itself would first ask its text for an `__html__`
# Private, because what it gives is no `Markup` yet: here it is written, so it need not be.
_written: Callable[[str], str] = markupsafe._escape_inner  # type: ignore[attr-defined]


def escaped(value: Any) -> str:
    """A value as text in HTML, like `markupsafe.escape`; a plain string if it is one."""
    kind = type(value)
    if kind is str:
        return _written(value)
    return value if kind is Markup else escape(value)
