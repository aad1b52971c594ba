"""Formula text such as ``log(x)`` or ``C(f, Sum)`` as a tree; the tree is only ever walked, never executed."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

from hierlm.errors import FormulaError

__all__ = ["CONTRASTS", "Expression", "callee", "read_expression"]

CONTRASTS = ("Treatment", "Sum")
_CONSTANTS = ("True", "False", "None")
_PIECE = re.compile(
    r"""'[^']*'|"[^"]*"|`(?P<quoted>[^`]*)`|(?P<name>[^\W\d]\w*)|(?P<brace>[{}])|\d[\w.]*|.""", re.DOTALL
)


@dataclass(frozen=True, eq=False)
class Expression:
    """A piece of formula text, read.

    Parameters
    ----------
    text : str
        Canonical spelling, the label users see: ``"poly(x, 2)"``.
    tree : ast.expr
    names : mapping of str to str
        Stand-ins in the tree → the column names that Python could not read as they are.
    columns : tuple of str
        The columns it uses, in order.
    """

    text: str
    tree: ast.expr
    names: Mapping[str, str]
    columns: tuple[str, ...]

    @property
    def column(self) -> str | None:
        """The column's name if the expression is a bare column."""
        return self.columns[0] if isinstance(self.tree, ast.Name) else None

    @property
    def blame(self) -> str:
        """What to name in an error: the column, or the expression as written."""
        return self.column or self.text

    def refuse(self, message: str, hint: str | None = None) -> FormulaError:
        """The error that shows this expression."""
        return FormulaError(message, text=self.text, stop=len(self.text), hint=hint)


def read_expression(text: str) -> Expression:
    """Read formula text such as ``"log(x + 1)"``.

    Raises
    ------
    FormulaError

    Examples
    --------
    >>> read_expression("I( `my var`**2 )").columns
    ('my var',)
    >>> read_expression("poly( x,2 )").text
    'poly(x, 2)'
    """
    names: dict[str, str] = {}

    def stand_in(piece: re.Match[str]) -> str:
        if piece["brace"]:
            return "I(" if piece["brace"] == "{" else ")"
        name = piece["quoted"] if piece["quoted"] is not None else piece["name"]
        readable = name is not None and name.isascii() and not keyword.iskeyword(name)
        if name is None or (piece["quoted"] is None and (readable or name in _CONSTANTS)):
            return piece[0]
        found = next((k for k, v in names.items() if v == name), f"column_{len(names)}__")
        names[found] = name
        return found

    try:
        tree = ast.parse(_PIECE.sub(stand_in, text.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        hint = "Write a column, or a function of columns such as log(x)."
        raise FormulaError(f"Cannot read {text.strip()!r}.", text=text, stop=len(text), hint=hint) from None
    tree = _Plain().visit(tree) if not _is_identity(tree) else ast.Call(tree.func, [_Plain().visit(tree.args[0])], [])
    columns = tuple(dict.fromkeys(names.get(n, n) for n in _names(tree)))
    if isinstance(tree, ast.Name):
        return Expression(columns[0], tree, names, columns)
    shown = ast.unparse(tree)
    for stand, name in names.items():
        shown = shown.replace(stand, name if name.isidentifier() else f"`{name}`")
    return Expression(shown, tree, names, columns)


def callee(node: ast.Call) -> str:
    """``"log"`` for ``log(…)``, ``np.log(…)`` and ``numpy.log(…)``; else the callee as written."""
    f = node.func
    if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name) and f.value.id in ("np", "numpy"):
        return f.attr
    return ast.unparse(f)


def _is_identity(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and callee(node) == "I" and len(node.args) == 1 and not node.keywords


class _Plain(ast.NodeTransformer):
    """``log(I(x + 1))`` is ``log(x + 1)``: only the outermost ``I`` says something."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return node.args[0] if _is_identity(node) else node


def _names(node: ast.AST) -> list[str]:
    """Names of columns in the tree, in order; callees and contrasts aside."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Call):
        if callee(node) in CONTRASTS:
            return []
        first, rest = node.args[:1], [*node.args[1:], *(k.value for k in node.keywords)]
        inside = [n for a in rest for n in _names(a) if n not in CONTRASTS]
        return [n for a in first for n in _names(a)] + inside
    return [n for child in ast.iter_child_nodes(node) for n in _names(child)]
