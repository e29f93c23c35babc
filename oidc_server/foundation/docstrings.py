"""Docstrings of attributes: what stands below each, read from the source when somebody asks, and not at every start."""

import ast
import inspect
from collections.abc import Iterator
from textwrap import dedent


def of(model: type) -> dict[str, str]:
    """The docstring of each attribute of a class, and of those of its own package that it is made of."""
    package = model.__module__.partition(".")[0]
    made_of = (one for one in reversed(model.__mro__) if one.__module__.partition(".")[0] == package)
    return {name: text for one in made_of for name, text in _own(one)}


def _own(model: type) -> Iterator[tuple[str, str]]:
    definition = ast.parse(dedent(inspect.getsource(model))).body[0]
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - the source of a class
    for attribute, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(attribute, ast.AnnAssign) and isinstance(attribute.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield attribute.target.id, inspect.cleandoc(text)
