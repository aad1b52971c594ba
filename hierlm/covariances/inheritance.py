"""Relations by descent: a pedigree or a tree, each level made of its parents and of something new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hierlm.covariances.recursion import inherit, inherited
from hierlm.covariances.relation import Relation
from hierlm.errors import ModelError

__all__ = ["Inheritance"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@final
class Inheritance(Relation):
    """aᵢ = Σ_p w_ip a_p + √dᵢ zᵢ: K = T D Tᵀ, K⁻¹ = (1 − W)ᵀ D⁻¹ (1 − W), which is sparse.

    Parameters
    ----------
    labels : sequence of str
        Parents before their offspring.
    parents : (n, 2) int array
        Rows of the parents; −1 for none.
    weights : (n, 2) array
        ½ in a pedigree, 1 in a tree.
    variances : (n,) array
        d: what a level does not inherit.

    Raises
    ------
    ModelError
        For arrays that describe no inheritance.
    """

    kind: ClassVar[str] = "inheritance"

    def __init__(self, labels: Sequence[str], parents: Ints, weights: Floats, variances: Floats) -> None:
        self.labels = tuple(labels)
        n = len(self.labels)
        self.parents = np.array(parents, dtype=np.int64).reshape(n, 2)
        self.weights = np.array(weights, dtype=np.float64).reshape(n, 2)
        self.variances = np.array(variances, dtype=np.float64).reshape(n)
        before = (self.parents < np.arange(n)[:, None]) & (self.parents >= -1)
        sound = before.all() and np.isfinite(self.weights).all() and np.isfinite(self.variances).all()
        if not sound or (self.variances < 0).any() or len(set(self.labels)) < n:
            raise ModelError("These numbers describe no inheritance.", hint="Use hl.pedigree( ) or hl.phylogeny( ).")
        for array in (self.parents, self.weights, self.variances):
            array.setflags(write=False)

    @property
    def size(self) -> int:
        """One for each label, ancestors without data included."""
        return len(self.labels)

    @property
    def inverse(self) -> sparse.csc_array:
        """K⁻¹, sparse, rows and columns in the order of ``labels`` (Henderson 1976, *Biometrics* 32:69–83).

        Raises
        ------
        ModelError
            Where a level is its parent's copy (a branch of length zero), so that K has no inverse.
        """
        if (self.variances == 0).any():
            level = self.labels[int(np.flatnonzero(self.variances == 0)[0])]
            raise ModelError(f"{level!r} is equal to its parent, so there is no inverse.", hint="Leave it out.")
        n = self.size
        rows, columns = np.nonzero(self.parents >= 0)
        W = sparse.coo_array((self.weights[rows, columns], (rows, self.parents[rows, columns])), shape=(n, n))
        T = sparse.csc_array(sparse.eye_array(n) - W.tocsc())
        return sparse.csc_array(T.T @ sparse.diags_array(1.0 / self.variances) @ T)

    def correlate(self, z: Any, labels: Sequence[str]) -> Any:
        """One pass from the oldest to the youngest."""
        a = inherit(z, self.parents, self.weights, np.sqrt(self.variances))
        at = self.places(labels)
        return a if np.array_equal(at, np.arange(self.size)) else a[at]

    def dense(self, labels: Sequence[str]) -> Floats:
        """K at some levels."""
        at = self.places(labels)
        T = inherited(np.eye(self.size), self.parents, self.weights, np.sqrt(self.variances))[at]
        return np.asarray(T @ T.T)

    def diagonal(self, labels: Sequence[str]) -> Floats:
        """K_ii at some levels: those of whole columns at a time."""
        at = self.places(labels)
        total, scales = np.zeros(self.size), np.sqrt(self.variances)
        for start in range(0, self.size, 256):
            unit = np.zeros((self.size, min(256, self.size - start)))
            unit[np.arange(start, start + unit.shape[1]), np.arange(unit.shape[1])] = 1.0
            total += (inherited(unit, self.parents, self.weights, scales) ** 2).sum(axis=1)
        return total[at]

    def precision(self, labels: Sequence[str]) -> sparse.csc_array:
        """:attr:`inverse`, in the order of ``labels``."""
        at = self.places(labels)
        return sparse.csc_array(self.inverse[at][:, at])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Parents, weights and variances."""
        return {"parents": self.parents, "weights": self.weights, "variances": self.variances}

    @classmethod
    def from_arrays(cls, labels: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> Inheritance:
        """See :meth:`Relation.from_arrays`."""
        return cls(labels, arrays["parents"], arrays["weights"], arrays["variances"])
