"""Functions that a script brings along, as text; only those that it uses are written."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HELPERS", "NEEDS"]

HELPERS: Mapping[str, str] = {
    "number": '''
def number(column):
    """A column as numbers."""
    return np.asarray(column, dtype=np.float64)
''',
    "text": '''
def text(column):
    """A column as text; 308.0 is "308"."""
    values = np.asarray(column).tolist()
    whole = [isinstance(v, (int, float)) and not isinstance(v, bool) and float(v).is_integer() for v in values]
    return np.array([str(int(v)) if w else str(v) for v, w in zip(values, whole)], dtype=object)
''',
    "codes": '''
def codes(values, levels):
    """The place of each value among the levels."""
    place = {level: i for i, level in enumerate(levels)}
    return np.array([place[v] for v in values], dtype=np.int64)
''',
    "sorted_numbers": '''
def sorted_numbers(column):
    """The different numbers of a column as text, the smallest first."""
    return text(np.unique(number(column))).tolist()
''',
    "sorted_text": '''
def sorted_text(column):
    """The different texts of a column, sorted by code point."""
    return sorted(set(text(column)))
''',
    "cells": '''
def cells(*factors):
    """(codes, labels) of the combinations that occur; each factor is (values, levels)."""
    code, labels = np.zeros(len(factors[0][0]), dtype=np.int64), np.array([""] * len(factors[0][0]), dtype=object)
    for position, (values, levels) in enumerate(factors):
        code = np.unique(code * len(levels) + codes(values, levels), return_inverse=True)[1]
        labels = labels + (":" if position else "") + values
    first = np.unique(code, return_index=True)[1]
    return code, labels[first].tolist()
''',
    "center": '''
def center(x):
    """x minus its mean."""
    return x - x.mean()
''',
    "scale": '''
def scale(x, center=True, scale=True):
    """(x - mean) / sd, with n - 1 as in R."""
    spread = np.sqrt(np.sum((x - (x.mean() if center else 0.0)) ** 2) / max(len(x) - 1, 1)) if scale else 1.0
    return (x - (x.mean() if center else 0.0)) / spread
''',
    "poly": '''
def poly(x, degree=1, raw=False):
    """Polynomials that are orthonormal over the rows, by their recurrence (Kennedy & Gentle 1980)."""
    if raw:
        return np.column_stack([x**k for k in range(1, degree + 1)])
    before, now, norms, columns = np.zeros_like(x), np.ones_like(x), [], []
    for k in range(degree + 1):
        norms.append(now @ now)
        if k:
            columns.append(now / np.sqrt(norms[k]))
        ratio = norms[k] / norms[k - 1] if k else 0.0
        before, now = now, (x - (x @ now**2) / norms[k]) * now - ratio * before
    return np.column_stack(columns)
''',
    "bs": '''
def bs(x, df=None, degree=3, intercept=False, lower_bound=None, upper_bound=None):
    """B-splines with knots at quantiles, the first column left out unless intercept."""
    low = x.min() if lower_bound is None else lower_bound
    high = x.max() if upper_bound is None else upper_bound
    least = degree + bool(intercept)
    size = least if df is None else df
    inner = np.quantile(x[(x >= low) & (x <= high)], np.linspace(0, 1, size - least + 2)[1:-1])
    knots = np.concatenate([[low] * (degree + 1), inner, [high] * (degree + 1)])
    basis = BSpline.design_matrix(x, knots, degree, extrapolate=True).toarray()
    return basis[:, 0 if intercept else 1 :]
''',
    "ranks": '''
def ranks(code):
    """How many rows of its block come before each row."""
    order, rank = np.argsort(code, kind="stable"), np.zeros(len(code))
    start = np.concatenate([[0], np.cumsum(np.bincount(code))])
    rank[order] = np.arange(len(code)) - start[code[order]]
    return rank
''',
    "blocks": '''
def blocks(code, at):
    """(rows, positions) of blocks at the same positions: a block has one line of rows."""
    order, found = np.lexsort((*at.T[::-1], code)), {}
    for rows in np.split(order, np.flatnonzero(np.diff(code[order])) + 1):
        found.setdefault(at[rows].tobytes(), []).append(rows)
    return [(np.array(rows), at[rows[0]]) for rows in found.values()]
''',
    "block_density": '''
def block_density(errors, parts, R, law):
    """The log density of correlated errors, log |R|^(-1/2) + law(e' R^-1 e) of every block."""
    total = 0.0
    for rows, at in parts:
        L = pt.linalg.cholesky(R(at), lower=True, on_error="nan")
        z = pt.linalg.solve_triangular(L, errors[rows.ravel()].reshape(rows.shape).T, lower=True)
        total += law((z**2).sum(axis=0), rows.shape[1]).sum() - len(rows) * pt.log(pt.diagonal(L)).sum()
    return pt.switch(pt.isnan(total), -np.inf, total)
''',
    "normal_law": '''
def normal_law():
    """Of m normal errors of squared length q."""
    return lambda q, m: -0.5 * (m * np.log(2 * np.pi) + q)
''',
    "student_law": '''
def student_law(nu):
    """Of m errors of squared length q that are multivariate t."""
    def law(q, m):
        constant = pt.gammaln((nu + m) / 2) - pt.gammaln(nu / 2) - m / 2 * pt.log(nu * np.pi)
        return constant - (nu + m) / 2 * pt.log1p(q / nu)
    return law
''',
    "distances": '''
def distances(at):
    """Between all positions."""
    return np.sqrt(((at[:, None] - at[None]) ** 2).sum(axis=-1))
''',
    "exchangeable": '''
def exchangeable(at, rho):
    """Compound symmetry."""
    return rho + (1 - rho) * np.eye(len(at))
''',
    "power": '''
def power(d, phi):
    """phi ** d, and 1 on the diagonal."""
    return pt.where(d == 0, 1.0, phi ** np.where(d == 0, 1.0, d))
''',
    "spatial": '''
def spatial(rho, at, range, nugget=0.0):
    """rho(distance / range), off the diagonal less a nugget."""
    own = np.eye(len(at), dtype=bool)
    return pt.where(own, 1.0, (1 - nugget) * rho(np.where(own, 1.0, distances(at)) / range))
''',
    "matern": '''
def matern(d, nu):
    """Of smoothness 0.5, 1.5 or 2.5."""
    a = np.sqrt(2 * nu) * d
    return {0.5: 1.0, 1.5: 1 + a, 2.5: 1 + a + a**2 / 3}[nu] * pt.exp(-a)
''',
}
"""Name → its definition."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "sorted_numbers": ("text", "number"),
    "sorted_text": ("text",),
    "cells": ("codes",),
    "power": ("distances",),
    "spatial": ("distances",),
    "normal_law": ("block_density",),
    "student_law": ("block_density",),
}
"""What a helper calls itself."""
