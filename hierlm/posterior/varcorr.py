"""varcorr: variance components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.posterior.draws import correlation_draws, covariance_draws, select
from hierlm.posterior.intervals import Kind, check_interval, describe_into
from hierlm.posterior.layout import (
    Table,
    bracket,
    html_lines,
    html_page,
    html_table,
    number,
    percent,
    records,
    text_table,
)
from hierlm.posterior.residual_components import reported_coefficients
from hierlm.posterior.structured_components import structured_rows
from hierlm.posterior.variance import VarianceParts, block_variance, variance_parts
from hierlm.priors.fixed import Fixed

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.values import GroupBlock

__all__ = ["RESIDUAL", "VarCorr", "varcorr"]

RESIDUAL = "(residual)"
SMOOTH = "smooth"
LABELS = ("name", "quantity", "group", "structure", "levels", "response", "parameter", "effect", "effect2")
SHARES = "share: of the variance that the common effects leave, on the link scale; a term's share is on its first row."

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False, repr=False)
class VarCorr:
    """The answer of :func:`varcorr`; :attr:`frame` is tidy, the display is a table by grouping.

    Parameters
    ----------
    frame : DataFrame
        A row per number: ``name`` (``sd_Subject[Days]``, ``var_Subject[Days]``, ``cor_Subject[Intercept, Days]``,
        ``share_Subject[Intercept, Days]``), ``quantity`` (``"sd"``, ``"var"``, ``"cor"``, ``"share"``, and
        ``"coefficient"`` for what else a structure has, ``rho_Subject``, ``rescor[phi]``), ``group``,
        ``structure`` (``""`` for a single effect, where all are the same), ``levels``, ``response``, ``parameter``,
        ``effect``, ``effect2``, ``mean``, ``sd``, ``lower``, ``upper``.
        The group ``"(residual)"`` is the distribution-specific variance on the link scale.  A smooth, structure
        ``"smooth"``, is named where a grouping would be, without levels and share.
    level : float
    kind : {"eti", "hdi"}
    notes : tuple of str
    fixed : frozenset of str
        Names of the standard deviations that cannot vary: given as a number, or the link's own.
    """

    frame: pd.DataFrame
    level: float
    kind: str
    notes: tuple[str, ...] = ()
    fixed: frozenset[str] = frozenset()

    def _inside(self, row: Any) -> str:
        """The interval; what is fixed has none."""
        return "fixed" if row.name in self.fixed else bracket(row.lower, row.upper, row.sd)

    def _components(self, *, mean: bool) -> Table:
        """Sds of the mean's effects with their shares, or of those of other parameters, which have none."""
        frame = self.frame[(self.frame["parameter"] == names.MEAN) == mean]
        found = {(r.quantity, r.group, r.effect): r for r in records(frame[frame["quantity"] != "cor"])}
        inside = f"{percent(self.level)} {self.kind}"
        header = ("group", "levels", "structure", "effect", "sd", inside, "variance", "share")
        rows: list[tuple[str, ...]] = []
        last = None
        for (quantity, group, effect), r in found.items():
            if quantity != "sd":
                continue
            variance, share = found["var", group, effect], found.get(("share", group, effect))
            head = (group, f"{r.levels:,}" if r.levels else "") if group != last else ("", "")
            numbers = (number(r.mean, r.sd), self._inside(r), number(variance.mean, variance.sd))
            rows.append((*head, r.structure, effect, *numbers, percent(round(share.mean, 3)) if share else ""))
            last = group
        used = [j for j, h in enumerate(header) if h not in ("structure", "share") or any(row[j] for row in rows)]
        return [header[j] for j in used], [[row[j] for j in used] for row in rows]

    def _correlations(self) -> Table:
        header = ("", "mean", f"{percent(self.level)} {self.kind}")
        cor = records(self.frame[self.frame["quantity"] == "cor"])
        return header, [(r.name, number(r.mean, r.sd), self._inside(r)) for r in cor]

    def _coefficients(self) -> Table:
        header = ("", "mean", f"{percent(self.level)} {self.kind}")
        own = records(self.frame[self.frame["quantity"] == "coefficient"])
        return header, [(r.name, number(r.mean, r.sd), self._inside(r)) for r in own]

    def tables(self) -> list[tuple[str, Table, int]]:
        """What a display shows: title, (header, rows), number of columns aligned to the left."""
        found = [
            ("Variance components", self._components(mean=True)),
            ("Variance components of other parameters", self._components(mean=False)),
            ("Correlations of group effects", self._correlations()),
            ("Coefficients of covariance and correlation structures", self._coefficients()),
        ]
        return [
            (title, table, max(1, list(table[0]).index("sd") if "sd" in table[0] else 1))
            for title, table in found
            if table[1]
        ]

    def __repr__(self) -> str:
        tables = [f"{title}\n{text_table(*table, left=left)}" for title, table, left in self.tables()]
        return "\n\n".join([*tables, "\n".join(self.notes)])

    def _repr_html_(self) -> str:
        tables = [html_table(*table, left=left, caption=title) for title, table, left in self.tables()]
        return html_page(*tables, html_lines(self.notes))


def varcorr(fit: Fit, *, level: float = 0.95, kind: Kind = "eti") -> VarCorr:
    """How large are the variances and correlations of the group effects, and which share does each term have?

    On the link scale.  ``sd_…`` is a standard deviation and ``var_…`` its square, draw by draw.  The share of a term
    is the mean over rows of z' V z (for a random intercept its variance) over all group, overdispersion and
    distribution-specific variance: the adjusted ICC of :func:`~hierlm.posterior.icc`, term by term; shares add up to 1
    with the residual's.  Effects of other parameters (``sigma``) stand apart, without shares.

    The sd of a smooth is the root mean square, over the data, of its deviation from a straight line.  What a smooth
    explains counts with the common effects, not here.

    Parameters
    ----------
    fit : Fit
    level : float, default 0.95
        Probability inside the intervals.
    kind : {"eti", "hdi"}

    Returns
    -------
    VarCorr
        ``.frame`` is a tidy data frame.

    Raises
    ------
    PosteriorError
        For a level that is no probability.

    Examples
    --------
    >>> varcorr(fit).frame.query("quantity == 'sd'")  # doctest: +SKIP
    """
    check_interval(level, kind)
    rows: list[tuple[tuple[object, ...], Floats]] = []
    parts, notes = _parts(fit)
    fixed: set[str] = set()
    for blocks in fit.model.groups.values():
        for block in blocks:
            rows += _block(fit, block, parts)
    for smooth in fit.model.smooths:
        rows += _smooth(fit, smooth)
    for response, part in parts.items():
        v = part.distribution
        several = [response] if len(fit.model.responses) > 1 else []
        if not np.isfinite(v).all():
            infinite = int(np.isinf(v).sum())
            notes += (f"No residual variance of '{response}': it is infinite in {infinite} of {v.size} draws.",)
            continue
        why = _why_constant(fit, response) if np.ptp(v) <= 1e-12 * v.max() else ""
        if why:
            notes += (why,)
            fixed |= {names.element("sd_residual", *several)}
        for quantity, values in (("sd", np.sqrt(v)), ("var", v), ("share", v / _total(part))):
            name = names.element(f"{quantity}_residual", *several)
            rows.append(((name, quantity, RESIDUAL, "", 0, response, names.MEAN, ", ".join(several), ""), values))
    for name, values in reported_coefficients(fit).items():
        assert fit.model.residual is not None
        common = (RESIDUAL, fit.model.residual.label, 0, fit.model.residual.response, names.MEAN)
        rows.append(((name, "coefficient", *common, name.partition("[")[2].rstrip("]"), ""), values))
    for g, scale in fit.model.scales.items():
        z = " and ".join(scale.labels)
        notes += (f"sd_{g}: of levels where {z} {'are' if len(scale.labels) > 1 else 'is'} 0; see b_sd_{g}.",)
    labels = {c: [label[i] for label, _ in rows] for i, c in enumerate(LABELS)}
    fixed |= {key for a in fit.model.assignments if isinstance(a.prior, Fixed) for key in a.keys}
    size = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    draws = np.stack([v for _, v in rows], axis=1) if rows else np.zeros((size, 0))
    return VarCorr(describe_into(labels, draws, level, kind), float(level), kind, notes, frozenset(fixed))


def _smooth(fit: Fit, block: GroupBlock) -> list[tuple[tuple[object, ...], Floats]]:
    """Sd and variance of a smooth's deviation from a straight line; its share is with the common effects."""
    (piece,) = block.pieces
    sd = select(fit, names.sd(block.group), [""])[:, 0]
    return [
        ((f"{q}_{names.safe(block.group)}", q, block.group, SMOOTH, 0, piece.response, piece.parameter, "", ""), values)
        for q, values in (("sd", sd), ("var", sd**2))
    ]


def _parts(fit: Fit) -> tuple[dict[str, VarianceParts], tuple[str, ...]]:
    """Variance parts of every response, or why there are none."""
    try:
        return {r.name: variance_parts(fit, r) for r in fit.model.responses}, (SHARES,)
    except PosteriorError as error:
        return {}, (f"No shares: {error.message}",)


def _why_constant(fit: Fit, response: str) -> str:
    """What holds a distribution-specific variance that does not vary; ``""`` if nothing does, so that it is chance."""
    found = next(r for r in fit.model.responses if r.name == response)
    held = {a.variable for a in fit.model.assignments if isinstance(a.prior, Fixed)}
    if list(found.links) != [names.MEAN] or not held >= set(found.free):
        return ""
    reason = "as given" if found.free or "se" in found.additions else f"by the {found.links[names.MEAN].name} link"
    return f"{RESIDUAL}: the distribution-specific variance of '{response}' is fixed {reason}."


def _total(part: VarianceParts) -> Floats:
    return part.random + part.residual


def _block(fit: Fit, block: GroupBlock, parts: Mapping[str, VarianceParts]) -> list[tuple[tuple[object, ...], Floats]]:
    """Sds, variances and shares effect by effect, then correlations."""
    if block.covariance.structured(len(block.effects)):
        return structured_rows(fit, block, parts)
    V, R = covariance_draws(fit, block), correlation_draws(fit, block)
    sds = np.sqrt(np.diagonal(V, axis1=1, axis2=2))
    owners = {e: (p.response, p.parameter) for p in block.pieces for e in p.effects}
    common = (block.group, block.structure if len(block.effects) > 1 else "", len(block.levels))
    shown: set[str] = set()
    rows: list[tuple[tuple[object, ...], Floats]] = []
    for i, effect in enumerate(block.effects):
        response, parameter = owners[i]
        for quantity, values in (("sd", sds[:, i]), ("var", V[:, i, i])):
            name = names.element(f"{quantity}_{names.safe(block.group)}", effect)
            rows.append(((name, quantity, *common, response, parameter, effect, ""), values))
        if parameter == names.MEAN and response in parts and response not in shown:
            shown.add(response)
            together = [e for j, e in enumerate(block.effects) if owners[j] == (response, parameter)]
            variance = block_variance(fit, block, response)
            assert variance is not None
            name = names.element(f"share_{names.safe(block.group)}", *together)
            label = (name, "share", *common, response, parameter, effect, "")
            rows.append((label, variance / _total(parts[response])))
    if block.covariance.correlated(len(block.effects)):
        for i, j in combinations(range(len(block.effects)), 2):
            name = names.element(names.cor(block.group), block.effects[i], block.effects[j])
            label = (name, "cor", *common, *owners[i], block.effects[i], block.effects[j])
            rows.append((label, R[:, i, j]))
    return rows
