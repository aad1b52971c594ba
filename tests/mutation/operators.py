"""Small changes to a source file, each of which some test should notice."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Replace = Callable[[Any], None]

COMPARISONS: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.MatMult: ast.Mult,
}
TEXT = (ast.JoinedStr, ast.List, ast.Tuple)


@dataclass(frozen=True)
class Mutant:
    """One change.

    Parameters
    ----------
    line : int
    kind : str
    before, after : str
        The changed piece of code.
    apply : function
        Makes the change in the tree that it was found in.
    """

    line: int
    kind: str
    before: str
    after: str
    apply: Callable[[], None]


def mutants(tree: ast.Module) -> list[Mutant]:
    """All changes of a tree, always in the same order.

    Left alone are what does not act (docstrings, annotations, ``__all__``, imports for types), decorators, and the words
    of messages: what a message says is looked at by tests of its own.
    """
    return [*_of_body(tree)]


def mutated(source: str, number: int) -> ast.Module:
    """The tree of a source with one of its changes."""
    tree = ast.parse(source)
    mutants(tree)[number].apply()
    return ast.fix_missing_locations(tree)


def _of_body(node: Any) -> Iterator[Mutant]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_comment", "type_params", "bases"):
            continue
        if isinstance(value, ast.AST):
            yield from _of(value, _setter(node, name), node)
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield from _of(item, _item_setter(value, i), node)


def _setter(node: Any, name: str) -> Replace:
    return lambda new: setattr(node, name, new)


def _item_setter(items: list[Any], i: int) -> Replace:
    return lambda new: items.__setitem__(i, new)


def _of(node: Any, replace: Replace, parent: Any) -> Iterator[Mutant]:
    if _idle(node):
        return
    for kind, new in _changes(node, parent):
        if callable(new):
            after, apply = "", new
        else:
            after, apply = ast.unparse(ast.fix_missing_locations(new)), lambda new=new: replace(new)
        line = node.target.lineno if isinstance(node, ast.comprehension) else node.lineno
        yield Mutant(line, kind, _short(ast.unparse(node)), _short(after), apply)
    if not _message(node):
        yield from _of_body(node)


def _short(text: str) -> str:
    return text.split("\n", maxsplit=1)[0][:100]


def _idle(node: Any) -> bool:
    """What does nothing when the program runs, or nothing that can be asked for."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return True
    if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets):
        return True
    return isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Assert)


def _message(node: Any) -> bool:
    """A call that makes an error or a warning."""
    function = getattr(node, "func", None)
    name = getattr(function, "id", getattr(function, "attr", ""))
    return isinstance(node, ast.Call) and (name.endswith(("Error", "Warning")) or name in ("warn", "where"))


def _changes(node: Any, parent: Any) -> Iterator[tuple[str, Any]]:
    """(kind, the node that takes this one's place), or a function that makes the change."""
    match node:
        case ast.Compare(ops=[operator]):
            yield "comparison", ast.Compare(node.left, [COMPARISONS[type(operator)]()], node.comparators)
        case ast.BoolOp(op=operator):
            yield "and/or", ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), node.values)
        case ast.UnaryOp(op=ast.Not()):
            yield "not", node.operand
        case ast.UnaryOp(op=ast.USub()):
            yield "sign", node.operand
        case ast.BinOp(op=operator) if type(operator) in ARITHMETIC and not _of_text(node):
            yield "arithmetic", ast.BinOp(node.left, ARITHMETIC[type(operator)](), node.right)
        case ast.Constant():
            yield from _constants(node, parent)
        case ast.IfExp():
            yield "condition", node.body
            yield "condition", node.orelse
        case ast.If() | ast.While():
            yield from _conditions(node)
        case ast.comprehension(ifs=[_, *_]):
            yield "filter", lambda: node.ifs.pop()
        case ast.Call() if not _message(node):
            yield from _arguments(node)
        case _:
            yield from _statements(node)


def _of_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(isinstance(s, TEXT) or (isinstance(s, ast.Constant) and isinstance(s.value, str)) for s in sides)


def _constants(node: ast.Constant, parent: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node.value, bool):
        yield "constant", ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield "constant", ast.Constant(node.value + 1)
    elif isinstance(node.value, str) and isinstance(parent, ast.Compare | ast.Subscript | ast.Dict | ast.Return):
        yield "constant", ast.Constant(node.value + "_")


def _conditions(node: Any) -> Iterator[tuple[str, Any]]:
    """Taken always, and never."""
    for value in (True, False) if isinstance(node, ast.If) else (False,):

        def change(value: bool = value) -> None:
            node.test = ast.Constant(value)

        yield f"condition {value}", change


def _arguments(node: ast.Call) -> Iterator[tuple[str, Any]]:
    """One keyword argument less."""
    for i, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield "argument", ast.Call(node.func, node.args, [*node.keywords[:i], *node.keywords[i + 1 :]])


def _statements(node: Any) -> Iterator[tuple[str, Any]]:
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            yield "statement", ast.Pass()
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield "return", ast.Return(ast.Constant(None))
        case ast.Continue():
            yield "loop", ast.Break()
        case ast.Break():
            yield "loop", ast.Continue()


def _is_none(node: Any) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
