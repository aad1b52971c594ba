"""Coefficients of residual correlation: as nlme and others report them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph.colouring import per_draw
from hierlm.posterior.draws import flat, labelled

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.residuals import ResidualCorrelation

__all__ = ["reported_coefficients"]

Floats = NDArray[np.float64]


def reported_coefficients(fit: Fit) -> dict[str, Floats]:
    """Draws (S,) of what readers know the correlation by: ``rescor[phi]``, ``rescor[theta1]``, ``rescor[rho1.2]``.

    Those of the model, or, where its free numbers are partial correlations, what follows from them.
    """
    residual = fit.model.residual
    if residual is None:
        return {}
    known, values = labelled(fit, names.RESIDUAL)
    rescor = flat(values)[:, [known.index(label) for label in residual.labels]]
    found = _reported(residual, rescor) or dict(zip(residual.labels, rescor.T, strict=True))
    return {names.element(names.RESIDUAL, label): draws for label, draws in found.items()}


def _reported(residual: ResidualCorrelation, rescor: Floats) -> dict[str, Floats]:
    labels: list[str] = []

    def question(values: dict[str, object]) -> tuple[object, ...]:
        found = residual.correlation.reported(values, residual.places)
        labels.extend(found)
        return tuple(found.values()) or (rescor.shape[1] * 0.0,)

    answers = per_draw(residual, question)(rescor)
    return {label: np.asarray(draws) for label, draws in zip(labels, answers, strict=False)}
