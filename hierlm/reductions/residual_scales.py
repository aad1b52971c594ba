"""The residual standard deviations of a normal response as kernels take them: log σ_i = known_i + offset_i + X_i γ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph.evaluate import evaluate
from hierlm.kernels.residuals import NORMAL
from hierlm.model import Model
from hierlm.model.assign import Assignment
from hierlm.model.values import ModelPredictor, VariancePart
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior
from hierlm.reductions.prior_densities import positive_density, real_density

__all__ = ["ResidualScales", "residual_scales", "scale_obstacles", "scale_predictor"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ResidualScales:
    """Columns of log σ, and whose coefficients they have.

    Parameters
    ----------
    X : (n, g) array
    offset, known : (n,) arrays
        The latter differs from row to row: the rows are divided by it.
    assignments : tuple of g Assignment
        The prior of each γ; that of a ratio is the prior of eᵞ.
    ratios : (g,) bool array
    parameter : str
        What σ is called.
    """

    X: Floats
    offset: Floats
    known: Floats
    assignments: tuple[Assignment, ...]
    ratios: NDArray[np.bool_]
    parameter: str

    def rows(self, first: int) -> Floats:
        """The table ``gamma`` of :class:`hierlm.kernels.residuals.Residuals`; places in θ from ``first`` on."""
        found = []
        for a, ratio in zip(self.assignments, self.ratios, strict=True):
            if isinstance(a.prior, Fixed):
                value = np.log(a.prior.value) if ratio else a.prior.value
                found.append([-1.0, value, 0.0, 0.0, 0.0, 0.0, float(ratio)])
                continue
            assert isinstance(a.prior, Prior)
            found.append([float(first), 0.0, *(_ratio if ratio else _real)(a.prior), float(ratio)])
            first += 1
        return np.array(found, dtype=float).reshape(-1, 7)

    def start(self, rest: Floats) -> Floats:
        """γ that gives all rows about the standard deviation of ``rest``, what the common effects leave."""
        wanted = np.log(max((rest / np.exp(self.known)).std(), 1e-9)) - self.offset
        return np.linalg.lstsq(self.X, wanted, rcond=None)[0]

    def variables(self, gamma: Floats) -> dict[str, tuple[tuple[str, ...], Floats]]:
        """Draws (D, g) of γ as users know them: variable → (dimensions, draws)."""
        values = np.where(self.ratios, np.exp(gamma), gamma)
        found: dict[str, tuple[tuple[str, ...], Floats]] = {}
        for variable in dict.fromkeys(a.variable for a in self.assignments):
            own = [i for i, a in enumerate(self.assignments) if a.variable == variable]
            dim = names.VARIANCE_DIM if variable == names.VARIANCE else names.common_dim(self.parameter)
            found[variable] = ((dim,), values[:, own])
        return found


def scale_predictor(model: Model) -> ModelPredictor | None:
    """The predictor of the residual standard deviation, None where it is one number."""
    scale = model.responses[0].family.residual_scale
    return next((p for p in model.predictors if p.parameter == scale), None)


def residual_scales(model: Model) -> ResidualScales:
    """The columns; only where :func:`scale_obstacles` has nothing to say."""
    predictor, n = scale_predictor(model), model.design.n
    if predictor is None:
        return ResidualScales(np.zeros((n, 0)), np.zeros(n), np.zeros(n), (), np.zeros(0, dtype=bool), "")
    common = names.common(predictor.parameter)
    assignments = [a for a in model.assignments if a.variable == common]
    by_label = {a.label: a for a in model.assignments if a.variable == names.VARIANCE}
    columns, ratios, known = [predictor.X], [False] * len(assignments), np.zeros(n)
    for part in predictor.variances:
        if not part.function.parameters:
            known = known + _log(part, 1.0)
            continue
        for label, column in _columns(part):
            columns.append(column[:, None])
            assignments.append(by_label[label])
            ratios.append(part.function.reference)
    return ResidualScales(
        np.hstack(columns),
        predictor.offset,
        known,
        tuple(assignments),
        np.array(ratios, dtype=bool),
        predictor.parameter,
    )


def _columns(part: VariancePart) -> Iterator[tuple[str, Floats]]:
    """Label of a parameter and what it, or its logarithm, is multiplied with."""
    (labels,) = part.labels.values()
    each = np.ones(len(part.codes)) if part.function.reference and part.codes is not None else _log(part, 1.0)
    for i, label in enumerate(labels):
        rows = np.ones(len(each), dtype=bool) if part.codes is None else part.codes == i + int(part.function.reference)
        yield label, np.where(rows, each, 0.0)


def _log(part: VariancePart, value: float) -> Floats:
    """log g of every row with every parameter at ``value``."""
    values = {p: pt.constant(value) for p in part.function.parameters}
    v = np.ones(1) if part.v is None else part.v
    return np.asarray(evaluate(lambda v: part.function.log(values, v), v=v), dtype=np.float64)


def scale_obstacles(model: Model) -> Iterator[str]:
    """Why log σ is not a sum of columns with coefficients, one sentence each."""
    predictor = scale_predictor(model)
    for part in () if predictor is None else predictor.variances:
        if part.covariate and part.v is None:
            yield f"{part.label} follows the fitted mean"
        elif part.function.parameters and not part.function.log_linear and not part.function.reference:
            yield f"log {part.label} is not a multiple of its parameter"


def _real(prior: Prior) -> list[float]:
    """(location, code, two arguments) of a real number's prior."""
    location = prior.arguments.get("mu", prior.arguments.get("alpha", 0.0))
    code, *arguments = real_density(prior, location)
    return [location, code, *([prior.arguments["sigma"], 0.0] if code == NORMAL else arguments)]


def _ratio(prior: Prior) -> list[float]:
    return [0.0, *positive_density(prior)]
