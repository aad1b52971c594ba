"""A known covariance matrix with labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np
import pandas as pd
import pytensor.tensor as pt
from numpy.typing import NDArray
from scipy import sparse

from hierlm.covariances.relation import Relation
from hierlm.errors import ModelError

__all__ = ["KnownMatrix"]

Floats = NDArray[np.float64]

ASYMMETRY = 1e-8
"""Of the largest entry: what rounding leaves of the symmetry of a matrix that was written to a file and read."""


@final
class KnownMatrix(Relation):
    """K as a matrix, rows and columns labelled.

    Parameters
    ----------
    labels : sequence of str
    values : (n, n) array
        Symmetric and positive definite.

    Raises
    ------
    ModelError
        When it is not.

    Examples
    --------
    >>> KnownMatrix(["a", "b"], np.array([[1.0, 0.5], [0.5, 1.0]])).dense(["b"])
    array([[1.]])
    """

    kind: ClassVar[str] = "matrix"

    def __init__(self, labels: Sequence[str], values: Floats) -> None:
        self.labels = tuple(str(label) for label in labels)
        self.values = _checked(self.labels, np.array(values, dtype=np.float64))

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> KnownMatrix:
        """A data frame whose index and columns are the labels.

        Raises
        ------
        ModelError
            When rows and columns have different labels, or the same label twice.
        """
        rows, columns = ([_label(v) for v in index] for index in (frame.index, frame.columns))
        for where, labels in (("row", rows), ("column", columns)):
            twice = next((v for v in labels if labels.count(v) > 1), None) if len(set(labels)) < len(labels) else None
            if twice is not None:
                raise ModelError(f"It has more than one {where} {twice!r}.", hint="Give every label once.")
        if set(rows) != set(columns):
            odd = next(iter(set(rows) ^ set(columns)))
            raise ModelError(
                f"Its rows and columns have different labels, such as {odd!r}.",
                hint="Give the labels to both: pd.DataFrame(K, index=labels, columns=labels).",
            )
        try:
            values = frame.to_numpy(dtype=np.float64)
        except (TypeError, ValueError):
            raise ModelError("It does not hold numbers.", hint="Keep the labels in its index only.") from None
        place = {label: i for i, label in enumerate(columns)}
        return cls(rows, values[:, [place[label] for label in rows]])

    @property
    def size(self) -> int:
        """One for each label."""
        return len(self.labels)

    def correlate(self, z: Any, labels: Sequence[str]) -> Any:
        """L z, L the Cholesky factor of K in the order of ``labels``."""
        return pt.dot(pt.constant(np.linalg.cholesky(self.dense(labels))), z)

    def dense(self, labels: Sequence[str]) -> Floats:
        """K at some levels."""
        at = self.places(labels)
        return self.values[np.ix_(at, at)]

    def diagonal(self, labels: Sequence[str]) -> Floats:
        """K_ii at some levels."""
        return np.diagonal(self.values)[self.places(labels)]

    def precision(self, labels: Sequence[str]) -> sparse.csc_array:
        """Its inverse, of which usually no entry is zero."""
        return sparse.csc_array(np.linalg.inv(self.dense(labels)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The matrix."""
        return {"values": self.values}

    @classmethod
    def from_arrays(cls, labels: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> KnownMatrix:
        """See :meth:`Relation.from_arrays`."""
        return cls(labels, arrays["values"])


def _label(value: object) -> str:
    """A label as a grouping has it: ``308.0`` is ``"308"``."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _checked(labels: tuple[str, ...], K: Floats) -> Floats:
    n = len(labels)
    if K.shape != (n, n) or n == 0:
        raise ModelError(f"It is {' × '.join(map(str, K.shape))} with {n} labels.", hint="It must be square.")
    if not np.isfinite(K).all():
        i, j = np.argwhere(~np.isfinite(K))[0]
        raise ModelError(f"It holds {K[i, j]} at ({labels[i]}, {labels[j]}).", hint="Every entry is a number.")
    difference = np.abs(K - K.T)
    if difference.max() > ASYMMETRY * np.abs(K).max():
        i, j = np.unravel_index(int(difference.argmax()), K.shape)
        raise ModelError(
            f"It is not symmetric: {K[i, j]:.6g} at ({labels[i]}, {labels[j]}), {K[j, i]:.6g} at "
            f"({labels[j]}, {labels[i]}).",
            hint="A covariance is symmetric; check which matrix it is.",
        )
    K = (K + K.T) / 2.0
    smallest = float(np.linalg.eigvalsh(K)[0])
    if smallest <= n * np.finfo(float).eps * np.abs(K).max():
        raise ModelError(
            f"It is not positive definite: its smallest eigenvalue is {smallest:.3g}.",
            hint="Leave out one of two identical levels; of an inverse (a precision) give its inverse.",
        )
    K.setflags(write=False)
    return K
