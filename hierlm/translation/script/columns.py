"""Columns of the data as Python expressions: the coding of hierlm.design, written out."""

from __future__ import annotations

import ast
from typing import Any

from hierlm.design.common import Terms, full_coding
from hierlm.design.evaluate import Evaluator
from hierlm.design.expressions import Expression, callee
from hierlm.design.factor import FACTORS, INDICATORS, Factor
from hierlm.design.functions import ELEMENTWISE, TRANSFORMS
from hierlm.design.schema import Schema
from hierlm.errors import TranslationError
from hierlm.translation.script.pages import Page

__all__ = ["Columns"]

_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_SCIPY = ("expit", "logit")
_ALIASES = {"standardize": "scale"}


class Columns:
    """Writes expressions over the columns of ``data``.

    Parameters
    ----------
    schema : Schema
        Of the model's design: what is a factor, with which levels.
    page : Page
        Takes note of the helpers that the text calls.
    """

    def __init__(self, schema: Schema, page: Page) -> None:
        self.table, self.page = schema.table, page
        self.on = Evaluator(schema.table, schema.extra, dict(schema.fitted), learning=False)
        self.extra = frozenset(schema.extra)

    def numbers(self, expression: Expression) -> str:
        """One number a row."""
        return self._text(expression.tree, expression)

    def labels(self, expression: Expression) -> str:
        """One text a row."""
        return self._labels(expression.tree, expression)

    def of(self, terms: Terms) -> list[str]:
        """Every column of the terms, in the order of the design."""
        values = [self.on.value(atom) for atom in terms.atoms]
        full = full_coding(terms, [isinstance(v, Factor) for v in values])
        columns = ["np.ones(n)"] if terms.intercept else []
        for term in terms.terms:
            block = [""]
            for k in term:
                part = self._coded(terms.atoms[k], values[k], full=(term, k) in full)
                block = [f"{left} * {right}" if left else right for right in part for left in block]
            columns += block
        return columns

    def _coded(self, atom: Expression, value: Any, *, full: bool) -> list[str]:
        if isinstance(value, Factor):
            base = None if full else value.levels[value.base]
            columns = []
            for level in value.levels:
                if level == base:
                    continue
                text = self._indicator(atom, level)
                if base is not None and value.contrast == "sum":
                    text = f"({text} - {self._indicator(atom, base)})"
                columns.append(text)
            return columns
        text = self.numbers(atom)
        if value.ndim == 1:
            return [text if atom.column else f"({text})"]
        return [f"{text}[:, {k}]" for k in range(value.shape[1])]

    def _indicator(self, atom: Expression, level: str) -> str:
        return f"np.equal({self.labels(atom)}, {level!r}).astype(float)"

    def _labels(self, node: ast.AST, expression: Expression) -> str:
        """A factor's values as text: of a column, or of what C() holds."""
        self.page.need("text")
        if isinstance(node, ast.Call) and callee(node) in FACTORS:
            if len(node.args) > 2 or any(k.arg == "levels" for k in node.keywords):
                raise self._refuse(expression, "levels that are given in the formula")
            return self._labels(node.args[0], expression)
        if isinstance(node, ast.Call) and callee(node) == "I" and isinstance(node.args[0], ast.Name):
            return self._labels(node.args[0], expression)
        if isinstance(node, ast.Name):
            return f"text({self._column(node, expression)})"
        return f"text({self._text(node, expression)})"

    def _column(self, node: ast.Name, expression: Expression) -> str:
        return f"data[{expression.names.get(node.id, node.id)!r}]"

    def _text(self, node: ast.AST, expression: Expression) -> str:
        """A node as a Python expression of numbers, in brackets where it needs some."""
        match node:
            case ast.Constant(value=value):
                return repr(value)
            case ast.Name():
                self.page.need("number")
                return f"number({self._column(node, expression)})"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self._text(operand, expression)})"
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return f"np.float_power({self._text(left, expression)}, {self._text(right, expression)})"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return f"({self._text(left, expression)} {_BINARY[type(op)]} {self._text(right, expression)})"
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
                return self._comparison(_COMPARE[type(op)], left, right, expression)
            case ast.Call():
                return self._call(node, expression)
        raise self._refuse(expression, "this")

    def _comparison(self, op: str, left: ast.expr, right: ast.expr, expression: Expression) -> str:
        if isinstance(left, ast.Constant) and isinstance(left.value, str):
            left, right = right, left
        if isinstance(right, ast.Constant) and isinstance(right.value, str):
            function = "np.equal" if op == "==" else "np.not_equal"
            return f"{function}({self._labels(left, expression)}, {right.value!r}).astype(float)"
        return f"({self._text(left, expression)} {op} {self._text(right, expression)}).astype(float)"

    def _call(self, node: ast.Call, expression: Expression) -> str:
        name = callee(node)
        if name in self.extra:
            raise self._refuse(expression, f"your own function {name}()")
        if name == "I":
            return self._text(node.args[0], expression)
        if name in INDICATORS:
            level = [*node.args[1:], *(k.value for k in node.keywords)][0]
            assert isinstance(level, ast.Constant)
            text = str(level.value)
            return f"np.equal({self._labels(node.args[0], expression)}, {text!r}).astype(float)"
        options = [f"{k.arg}={ast.unparse(k.value)}" for k in node.keywords]
        if name in TRANSFORMS:
            name = _ALIASES.get(name, name)
            self.page.need(name)
            if name == "bs":
                self.page.imports.add("from scipy.interpolate import BSpline")
            rest = [ast.unparse(a) for a in node.args[1:]]
            return f"{name}({', '.join([self._text(node.args[0], expression), *rest, *options])})"
        if name in ELEMENTWISE:
            arguments = [self._text(a, expression) for a in node.args]
            if name in _SCIPY:
                self.page.imports.add(f"from scipy.special import {name}")
            return f"{name if name in _SCIPY else 'np.' + name}({', '.join([*arguments, *options])})"
        raise self._refuse(expression, f"{name}()")

    def _refuse(self, expression: Expression, what: str) -> TranslationError:
        return TranslationError(
            f"A script does not write {what}.",
            text=expression.text,
            stop=len(expression.text),
            hint="Make a column of it first, and name that.",
        )
