"""pedigree: additive genetic relatedness from sires and dams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numba
import numpy as np
from numpy.typing import NDArray

from hierlm.covariances.inheritance import Inheritance
from hierlm.errors import ModelError, did_you_mean

__all__ = ["inbreeding", "pedigree"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNKNOWN = ("", "0", ".", "*", "NA", "nan", "None")
"""What stands for an unknown parent in tables of pedigrees."""


def pedigree(
    frame: Any, *, animal: str = "animal", sire: str = "sire", dam: str = "dam", selfing: bool = False
) -> Inheritance:
    """How are animals related by descent?  The additive genetic relationship matrix A of a pedigree.

    An animal's breeding value is half its sire's and half its dam's and what the lottery of Mendel adds,
    aᵢ = ½ a_s + ½ a_d + √dᵢ zᵢ, with dᵢ = 1 − ¼ (A_ss + A_dd) over its known parents, so that inbreeding is taken into
    account.  Neither A nor its inverse is ever made as a dense matrix; ``.inverse`` is A⁻¹, sparse.

    Parameters
    ----------
    frame : pandas, polars or pyarrow frame, or mapping of columns
        One row an animal, in any order.  Parents without a row of their own become founders.  A missing value, ``""``,
        ``"0"``, ``"."``, ``"*"`` or ``"NA"`` is an unknown parent.
    animal, sire, dam : str
        The names of the columns.
    selfing : bool, default False
        Whether an individual may be both sire and dam, as plants may.

    Returns
    -------
    hierlm.covariances.inheritance.Inheritance
        To be handed over by name: ``hl.Model("y ~ 1 + known(1 | animal, A)", data, matrices={"A": …})``.

    Raises
    ------
    ModelError
        For an animal with two rows, one that is its own ancestor, or one that is both sire and dam.

    References
    ----------
    Henderson (1976), *Biometrics* 32:69–83; Quaas (1976), ibid. 32:949–953.

    Examples
    --------
    >>> A = pedigree({"animal": ["kid", "pa"], "sire": ["pa", None], "dam": ["ma", None]})
    >>> A.labels
    ('pa', 'ma', 'kid')
    >>> A.dense(["kid", "pa"])
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    ids, sires, dams = _columns(frame, animal, sire, dam)
    _check_rows(ids, sires, dams, selfing=selfing)
    parents: dict[str, tuple[str | None, str | None]] = {i: (s, d) for i, s, d in zip(ids, sires, dams, strict=True)}
    labels = _ordered(parents)
    place = {label: k for k, label in enumerate(labels)}
    rows = np.array([[-1 if p is None else place[p] for p in parents.get(i, (None, None))] for i in labels])
    rows = rows.astype(np.int64).reshape(-1, 2)
    _, variances = inbreeding(rows)
    return Inheritance(labels, rows, np.full(rows.shape, 0.5), variances)


def _columns(frame: Any, *columns: str) -> tuple[list[str], list[str | None], list[str | None]]:
    """The three columns as labels; None for an unknown parent."""
    if isinstance(frame, Mapping):
        read = {str(k): list(v) for k, v in frame.items()}
    else:
        try:
            native = nw.from_native(frame, eager_only=True)
        except TypeError as problem:
            hint = "Give a data frame with the columns animal, sire and dam."
            raise ModelError(f"A pedigree is a table, not a {type(frame).__name__}.", hint=hint) from problem
        read = {name: native[name].to_list() for name in native.columns}
    for name in columns:
        if name not in read:
            hint = f"{did_you_mean(name, read)} Name the columns: hl.pedigree(frame, animal=…, sire=…, dam=…)."
            raise ModelError(f"The pedigree has no column {name!r}.", hint=hint)
    lengths = {len(read[name]) for name in columns}
    if len(lengths) > 1 or lengths == {0}:
        raise ModelError("The columns of the pedigree have no or different rows.", hint="Give one row an animal.")
    ids = [_label(v) for v in read[columns[0]]]
    absent = [i for i, label in enumerate(ids) if label is None]
    if absent:
        raise ModelError(f"Row {absent[0]} of the pedigree has no animal (counted from 0).", hint="Name every animal.")
    return [label for label in ids if label is not None], *([_label(v) for v in read[name]] for name in columns[1:])  # type: ignore[return-value]


def _label(value: object) -> str | None:
    """A label as a grouping has it, ``308.0`` being ``"308"``; None where it is missing."""
    if value is None or value != value:  # NaN
        return None
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    text = str(value).strip()
    return None if text in UNKNOWN or text == "<NA>" else text


def _check_rows(ids: Sequence[str], sires: Sequence[str | None], dams: Sequence[str | None], *, selfing: bool) -> None:
    seen: set[str] = set()
    for i, s, d in zip(ids, sires, dams, strict=True):
        if i in seen:
            raise ModelError(f"The animal {i!r} has two rows in the pedigree.", hint="Give every animal one row.")
        seen.add(i)
        if i in (s, d):
            raise ModelError(f"The animal {i!r} is its own parent.", hint="Correct its row of the pedigree.")
        if s is not None and s == d and not selfing:
            raise ModelError(
                f"The animal {s!r} is both sire and dam of {i!r}.", hint="Correct the row; plants: selfing=True."
            )
    both = sorted({s for s in sires if s is not None} & {d for d in dams if d is not None})
    if both and not selfing:
        raise ModelError(
            f"{', '.join(map(repr, both[:5]))} {'is' if len(both) == 1 else 'are'} sire of some animals and dam of "
            "others.",
            hint="Check the columns; where that can be (plants), write selfing=True.",
        )


def _ordered(parents: Mapping[str, tuple[str | None, str | None]]) -> list[str]:
    """All individuals, parents before their offspring.

    Raises
    ------
    ModelError
        For a loop, with the animals on it.
    """
    done: dict[str, None] = {}
    for start in parents:
        path: list[tuple[str, int]] = [(start, 0)]
        open_: dict[str, None] = {}
        while path:
            label, step = path.pop()
            if step == 0:
                if label in done:
                    continue
                if label in open_:
                    circle = [*open_][[*open_].index(label) :]
                    raise ModelError(
                        f"The pedigree has a loop: {' ← '.join([*circle[:6], '…' if len(circle) > 6 else label])}.",
                        hint="An animal cannot be its own ancestor; correct one of their rows.",
                    )
                open_[label] = None
            above = parents.get(label, (None, None))
            if step < 2:
                path.append((label, step + 1))
                parent = above[step]
                if parent is not None and parent not in done:
                    path.append((parent, 0))
            else:
                del open_[label]
                done[label] = None
    return list(done)


def inbreeding(parents: Ints) -> tuple[Floats, Floats]:
    """(F, d): coefficients of inbreeding, and the variance that each individual does not inherit.

    F is found from A_ii = Σ_j T_ij² d_j, j over the ancestors of i (Quaas 1976; Meuwissen & Luo 1992, *Genetics
    Selection Evolution* 24:305–313), without A.

    Parameters
    ----------
    parents : (n, 2) int array
        Parents before their offspring, −1 for unknown ones.

    Examples
    --------
    >>> F, d = inbreeding(np.array([[-1, -1], [-1, -1], [0, 1], [0, 1], [2, 3]]))
    >>> F.tolist(), d.tolist()
    ([0.0, 0.0, 0.0, 0.0, 0.25], [1.0, 1.0, 0.5, 0.5, 0.5])
    """
    return _inbreeding(np.ascontiguousarray(parents, dtype=np.int64))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _inbreeding(parents: Ints) -> tuple[Floats, Floats]:
    n = len(parents)
    F, d, share = np.zeros(n), np.ones(n), np.zeros(n)
    for i in range(n):
        for p in range(2):
            if parents[i, p] >= 0:
                d[i] -= 0.25 * (1.0 + F[parents[i, p]])
        if parents[i, 0] < 0 or parents[i, 1] < 0:
            continue
        share[i], total = 1.0, 0.0
        for j in range(i, -1, -1):  # ancestors lie before
            if share[j] == 0.0:
                continue
            total += share[j] * share[j] * d[j]
            for p in range(2):
                if parents[j, p] >= 0:
                    share[parents[j, p]] += 0.5 * share[j]
            share[j] = 0.0
        F[i] = total - 1.0
    return F, d
