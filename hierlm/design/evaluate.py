"""Evaluate a formula's expressions on a table: columns, arithmetic, and the functions of the allow-list."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.design.expressions import CONTRASTS, Expression, callee
from hierlm.design.factor import FACTORS, INDICATORS, Contrast, Factor, as_factor
from hierlm.design.functions import ELEMENTWISE, TRANSFORMS, Applied
from hierlm.design.table import Table
from hierlm.errors import DataError, FormulaError, HierlmError, did_you_mean
from hierlm.formula.functions import WHOLE_COLUMN

__all__ = ["Evaluator", "Extra"]

Extra = Mapping[str, Callable[..., Any]]

_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.true_divide,
    ast.Pow: np.float_power,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Evaluates expressions on one table.

    Parameters
    ----------
    table : Table
    extra : mapping of str to callable
        The user's own functions; each must treat every row by itself.
    fitted : dict
        What transforms and factors learnt from the training data, by their text; filled while ``learning``.
    learning : bool
        Whether the table is the training data.
    further : bool
        Whether factors may have levels that training did not have, behind those that it had.
    """

    table: Table
    extra: Extra = field(default_factory=dict)
    fitted: dict[str, Any] = field(default_factory=dict)
    learning: bool = True
    further: bool = False

    def value(self, expression: Expression) -> NDArray[np.float64] | Factor:
        """The expression's value: numbers (n,) or (n, k), or a factor; a constant is repeated.

        Raises
        ------
        FormulaError
            For what the formula language does not have.
        DataError
            For values that a function cannot take, and for results that are missing or infinite.
        """
        try:
            with np.errstate(all="ignore"):
                value = self._eval(expression.tree, expression)
        except HierlmError:
            raise
        except (TypeError, ValueError, ArithmeticError) as problem:
            message = f"Cannot compute {expression.text!r}: {problem}."
            hint = "Check the columns that it uses, or compute it as a column of the data."
            raise DataError(message, column=expression.blame, hint=hint) from problem
        if isinstance(value, Factor):
            return value
        value = np.asarray(self._number(value, expression), dtype=np.float64)
        if value.ndim == 0:
            value = np.full(self.table.n, float(value))
        self._check_finite(expression, value)
        return value

    def numbers(self, expression: Expression) -> NDArray[np.float64]:
        """The expression as one number a row.

        Raises
        ------
        DataError
            When it is text, or several columns.
        """
        value = self.value(expression)
        if isinstance(value, Factor):
            value = self._number(value, expression)
        if value.shape != (self.table.n,):
            raise DataError(
                f"{expression.text!r} is not one number a row.",
                column=expression.blame,
                hint="Use a numeric column, or a function of one.",
            )
        return np.asarray(value, dtype=np.float64)

    def _eval(self, node: ast.AST, expression: Expression) -> Any:
        match node:
            case ast.Constant(value=value) if value is None or isinstance(value, (bool, int, float, str)):
                return value
            case ast.Name(id=name):
                return self._column(expression.names.get(name, name))
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self._eval(item, expression) for item in items]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._number(self._eval(operand, expression), expression)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                sides = [self._number(self._eval(side, expression), expression) for side in (left, right)]
                return _BINARY[type(op)](*sides)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
                return self._compare(op, self._eval(left, expression), self._eval(right, expression), expression)
            case ast.Call():
                return self._call(node, expression)
        message = f"{ast.unparse(node)!r} is not part of the formula language."
        raise expression.refuse(message, "Powers are written x**2.")

    def _column(self, name: str) -> Any:
        if name in CONTRASTS and name not in self.table.columns:
            return Contrast("sum" if name == "Sum" else "treatment")
        column = self.table[name]
        if column.levels is None:
            return np.array(column.values)
        return self.factor(name, lambda: as_factor(name, column), column)

    def factor(self, text: str, make: Callable[[], Factor], value: Any) -> Factor:
        """A factor, learnt from the training data or coded as there."""
        if self.learning:
            factor = self.fitted[text] = make()
            return factor
        return as_factor(text, value).like(self.fitted[text], further=self.further)

    def _number(self, value: Any, expression: Expression) -> Any:
        """Numbers for arithmetic: a boolean column counts 0 and 1, other factors do not."""
        if isinstance(value, Factor):
            if value.numbers is not None:
                return value.numbers
            message = f"{value.name!r} is not numeric: its values are {', '.join(map(repr, value.levels[:3]))}, …"
            hint = f"Make a numeric column of it first, or compare it: I({value.name} == {value.levels[0]!r})."
            raise DataError(message, column=value.name, hint=hint)
        if not isinstance(value, (int, float, np.ndarray, np.number)):
            raise expression.refuse(f"{value!r} is not a number.", "Arithmetic takes numeric columns and numbers.")
        return value

    def _compare(self, op: ast.cmpop, left: Any, right: Any, expression: Expression) -> Any:
        if isinstance(right, Factor):
            left, right = right, left
        if isinstance(left, Factor) and isinstance(right, str) and isinstance(op, (ast.Eq, ast.NotEq)):
            same = left.codes == left.index(right)
            return np.asarray(same if isinstance(op, ast.Eq) else ~same, dtype=np.float64)
        result = _COMPARE[type(op)](self._number(left, expression), self._number(right, expression))
        return np.asarray(result, dtype=np.float64)

    def _call(self, node: ast.Call, expression: Expression) -> Any:
        name, text = callee(node), ast.unparse(node)
        for stand, column in expression.names.items():
            text = text.replace(stand, f"`{column}`")
        values, options = self._arguments(node, expression)
        if name in self.extra:
            return self._user_function(name, values, options)
        if name in CONTRASTS:
            return Contrast("sum" if name == "Sum" else "treatment", *values)
        if name == "I":
            return values[0] if len(values) == 1 else expression.refuse("I() takes one expression.", "Write I(x + z).")
        if name in FACTORS:
            return self.factor(text, lambda: FACTORS[name](text, *values, **options), values[0])
        if name in INDICATORS:
            factor = self.factor(text, lambda: INDICATORS[name](text, *values, **options), values[0])
            return (factor.codes == factor.base).astype(np.float64)
        if name in TRANSFORMS:
            x = self._vector(values[0], expression)
            if self.learning:
                self.fitted[text] = TRANSFORMS[name](x, *values[1:], **options)
            learnt: Applied = self.fitted[text]
            return learnt(x)
        if name in ELEMENTWISE:
            return ELEMENTWISE[name](*(self._number(value, expression) for value in values), **options)
        raise self._unknown(name, expression)

    def _unknown(self, name: str, expression: Expression) -> FormulaError:
        hint = did_you_mean(name, ["I", *ELEMENTWISE, *TRANSFORMS, *FACTORS, *INDICATORS, *self.extra])
        hint += ' Your own function comes in by extra={"name": function}.'
        if name in WHOLE_COLUMN:
            hint = "It would change with new data: use center(x) or scale(x), or make a column of it first."
        return expression.refuse(f"{name!r} is not a function that a formula may call.", hint)

    def _arguments(self, node: ast.Call, expression: Expression) -> tuple[list[Any], dict[str, Any]]:
        if any(k.arg is None for k in node.keywords) or any(isinstance(a, ast.Starred) for a in node.args):
            raise expression.refuse("Arguments cannot be unpacked by '*'.", "Write them one by one.")
        if not node.args and callee(node) not in CONTRASTS:
            raise expression.refuse(f"{callee(node)}() needs what it is applied to.", f"Write {callee(node)}(x).")
        values = [self._eval(a, expression) for a in node.args]
        return values, {str(k.arg): self._eval(k.value, expression) for k in node.keywords}

    def _vector(self, value: Any, expression: Expression) -> NDArray[np.float64]:
        value = self._number(value, expression)
        if not isinstance(value, np.ndarray) or value.ndim != 1:
            hint = "Name a numeric column of the data first."
            raise expression.refuse(f"{expression.text!r} needs a column as its first argument.", hint)
        self._check_finite(expression, value)
        return np.asarray(value, dtype=np.float64)

    def _user_function(self, name: str, values: list[Any], options: dict[str, Any]) -> NDArray[np.float64]:
        """A function from ``extra``: it gets numbers (or labels), and must treat each row by itself."""
        plain = [np.array(v.levels, dtype=object)[v.codes] if isinstance(v, Factor) else v for v in values]
        result = self._called(name, plain, options)
        if result.dtype.kind not in "fiub" or result.shape[:1] != (self.table.n,) or result.ndim > 2:
            got = f"{result.dtype} of shape {result.shape}"
            got = "None" if result.dtype == object and result.ndim == 0 and result.item() is None else got
            hint = "Return an array of numbers as long as the columns it gets."
            raise DataError(f"{name}() must return numbers, one a row; it returned {got}.", hint=hint)
        half = (self.table.n + 1) // 2
        part = self._called(name, [v[:half] if isinstance(v, np.ndarray) else v for v in plain], options)
        if part.shape != result[:half].shape or not np.allclose(part, result[:half], equal_nan=True):
            raise DataError(
                f"{name}() gives a row another value when other rows are left out, so predictions would be wrong.",
                hint="Use a function of each row by itself; center, scale, poly and bs remember the training data.",
            )
        return result.astype(np.float64)

    def _called(self, name: str, values: list[Any], options: dict[str, Any]) -> NDArray[Any]:
        """What a function from ``extra`` returns for copies of the values; whatever it raises is told with its name."""
        try:
            return np.asarray(
                self.extra[name](*(np.copy(v) if isinstance(v, np.ndarray) else v for v in values), **options)
            )
        except Exception as problem:
            raise DataError(
                f"Cannot compute {name}(): it raised {type(problem).__name__}: {problem}.",
                hint="It gets each column as an array, and returns one number a row.",
            ) from problem

    def _check_finite(self, expression: Expression, value: NDArray[Any]) -> None:
        bad = ~np.isfinite(value.reshape(len(value), -1)).all(axis=1)
        if bad.any():
            raise DataError(
                f"{expression.text!r} is missing or infinite",
                column=expression.blame,
                rows=self.table.rows[bad].tolist(),
                hint="A logarithm needs positive numbers, a root no negative ones, a ratio a denominator other than 0.",
            )
