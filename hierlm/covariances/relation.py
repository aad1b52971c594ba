"""How the levels of a grouping are related: the covariance across levels, as a recursion or as a matrix."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hierlm.errors import ModelError, did_you_mean

__all__ = ["Relation"]

Floats = NDArray[np.float64]


class Relation(ABC):
    """K, the covariance of levels whose effects would have variance one: r ~ N(0, σ² K).

    Attributes
    ----------
    kind : str
        What it is called in an archive.
    labels : tuple of str
        The levels that it relates.
    """

    kind: ClassVar[str]
    labels: tuple[str, ...]

    @property
    @abstractmethod
    def size(self) -> int:
        """How many independent standard normal numbers one effect of all levels takes."""

    @abstractmethod
    def correlate(self, z: Any, labels: Sequence[str]) -> Any:
        """Effects of covariance K from independent standard normal ones.

        Parameters
        ----------
        z : (size, m) tensor
        labels : sequence of str
            The rows of the result, in order.

        Returns
        -------
        (len(labels), m) tensor
        """

    @abstractmethod
    def dense(self, labels: Sequence[str]) -> Floats:
        """K at some levels, in their order."""

    @abstractmethod
    def diagonal(self, labels: Sequence[str]) -> Floats:
        """K_ii at some levels, in their order."""

    @abstractmethod
    def precision(self, labels: Sequence[str]) -> sparse.csc_array:
        """K⁻¹, sparse.

        Parameters
        ----------
        labels : sequence of str
            All of :attr:`labels`, in the order of its rows and columns.

        Raises
        ------
        ModelError
            Where K has no inverse.
        """

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """What :meth:`from_arrays` makes the same relation from, beside the labels."""

    @classmethod
    @abstractmethod
    def from_arrays(cls, labels: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> Relation:
        """The relation that :meth:`arrays` described."""

    def places(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """Where levels lie in :attr:`labels`.

        Raises
        ------
        ModelError
            For a level that it does not relate, with the nearest names.
        """
        place = {label: i for i, label in enumerate(self.labels)}
        lost = [label for label in labels if label not in place]
        if lost:
            shown = ", ".join(map(repr, lost[:5])) + (", …" if len(lost) > 5 else "")
            raise ModelError(f"The matrix has no row for {shown}.", hint=did_you_mean(lost[0], self.labels))
        return np.array([place[label] for label in labels], dtype=np.int64)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.labels):,} labels)"
