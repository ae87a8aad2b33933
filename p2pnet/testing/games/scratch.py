"""Attributes that a tick works out anew each time, before it looks at them: they are no state."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import Any


def is_scratch(tick: Callable[..., Any], name: str) -> bool:
    """Whether this method sets `self.name` each time that it is called, and before it reads it.

    False where the source can't be had.
    """
    body = _body(getattr(tick, "__func__", tick))
    for statement in body:
        reads = any(_is_own(node, name, ast.Load) for node in ast.walk(statement))
        if reads or isinstance(statement, ast.AugAssign):
            if reads or _is_own(statement.target, name, ast.Store):  # type: ignore[attr-defined]
                return False
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(_is_own(target, name, ast.Store) for target in targets):
                return True
    return False


@functools.cache
def _body(function: Callable[..., Any]) -> list[ast.stmt]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return []
    (found,) = tree.body[:1]
    return found.body if isinstance(found, ast.FunctionDef) else []


def _is_own(node: ast.AST, name: str, use: type[ast.expr_context]) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == name
        and isinstance(node.ctx, use)
        and isinstance(node.value, ast.Name)
    )
