"""Draws that are made when somebody looks at them: a variable of a Dataset that holds a recipe, not numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

__all__ = ["Columns", "Later"]

Floats = NDArray[np.float64]
Columns = NDArray[np.intp]


@final
class Later(BackendArray):
    """Draws (chain, draw, level, effect) that are made on first use, always the same.

    What is kept afterwards is what was asked for: all of them once at least half were, else nothing.

    Parameters
    ----------
    shape : (chains, draws, levels, effects)
    make : callable
        (columns or None for all) → (draws of all chains, columns); columns are levels × effects.

    Notes
    -----
    The protocol is xarray's for files that are read when needed (`How to add a new backend`_).

    .. _How to add a new backend: https://docs.xarray.dev/en/stable/internals/how-to-add-new-backend.html
    """

    def __init__(self, shape: tuple[int, int, int, int], make: Callable[[Columns | None], Floats]) -> None:
        self.shape, self.dtype = shape, np.dtype(np.float64)
        self._make = make
        self._whole: Floats | None = None

    def lazily(self) -> indexing.LazilyIndexedArray:
        """What a variable of a Dataset holds in place of numbers."""
        return indexing.LazilyIndexedArray(self)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._at)

    def __reduce__(self) -> Any:
        return _made, (self._all(),)

    def __deepcopy__(self, memo: Any) -> Later:
        return self

    def _all(self) -> Floats:
        if self._whole is None:
            self._whole = self._make(None).reshape(self.shape)
            self._whole.setflags(write=False)
        return self._whole

    def _at(self, key: tuple[Any, ...]) -> Floats:
        """The draws at a slice, an integer or an array of integers for each dimension; no copy of all of them."""
        if self._whole is not None or all(isinstance(k, slice) and k == slice(None) for k in key):
            return np.asarray(self._orthogonal(self._all(), key))
        C, D, J, k = self.shape
        levels, effects = (np.atleast_1d(np.arange(size)[at]) for size, at in zip((J, k), key[2:], strict=True))
        if 2 * len(levels) * len(effects) >= J * k:
            return np.asarray(self._orthogonal(self._all(), key))
        made = self._make((levels[:, None] * k + effects).ravel()).reshape(C, D, len(levels), len(effects))
        rest = tuple(0 if np.ndim(at) == 0 and not isinstance(at, slice) else slice(None) for at in key[2:])
        return np.asarray(self._orthogonal(made, (*key[:2], *rest)))

    @staticmethod
    def _orthogonal(values: Floats, key: tuple[Any, ...]) -> Floats:
        """Each dimension indexed by itself; those with an integer go."""
        for axis in reversed(range(values.ndim)):
            values = values[(slice(None),) * axis + (key[axis],)]
        return values


def _made(values: Floats) -> Later:
    flat = values.reshape(-1, values.shape[2] * values.shape[3])
    return Later(values.shape, lambda columns: flat if columns is None else flat[:, columns])
