"""The observed variable of a response whose residuals are correlated: one density for each block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm import names
from hierlm.correlations import values_of
from hierlm.families.family import Predicted
from hierlm.graph.coefficients import bounded_vector
from hierlm.graph.colouring import Colouring
from hierlm.graph.correlated import block_terms
from hierlm.model.model import Model
from hierlm.model.residuals import ResidualCorrelation
from hierlm.model.values import ModelResponse

__all__ = ["block_density", "correlated_response", "residual_coefficients"]

Tensor = Any
Floats = NDArray[np.float64]


def residual_coefficients(model: Model) -> Tensor | None:
    """Add ``rescor`` to the PyMC model on the context stack; None where residuals are independent."""
    rows = [a for a in model.assignments if a.variable == names.RESIDUAL]
    if not rows:
        return None
    priors: list[Any] = [a.prior for a in rows]
    return bounded_vector(names.RESIDUAL, names.RESIDUAL_DIM, priors, [a.bounds for a in rows])


def correlated_response(
    response: ModelResponse, residual: ResidualCorrelation, predicted: Mapping[str, Predicted], rescor: Tensor
) -> Tensor:
    """The unnamed PyMC variable of all rows of the response: one multivariate distribution of each block."""
    assert response.family.errors is not None
    own = response.family.errors.parameters
    n, k = len(residual.codes), len(residual.coefficients)
    zero = pt.zeros(n)
    scale = str(response.family.residual_scale)
    inputs = [predicted[names.MEAN].value + zero, predicted[scale].value + zero, *(predicted[p].value for p in own)]
    colouring = Colouring(residual)

    def logp(y: Tensor, mean: Tensor, sd: Tensor, *rest: Tensor) -> Tensor:
        return block_density(response, residual, y, mean, sd, dict(zip(own, rest, strict=False)), rest[-1])

    def random(mean: Floats, sd: Floats, *rest: Floats, rng: np.random.Generator, size: Any = None) -> Floats:
        return _drawn(response, residual, colouring, (mean, sd, *rest), rng, size)

    signature = ",".join(["(n)", "(n)", *("()" for _ in own), "(k)"]) + "->(n)"
    rescor = pt.specify_shape(rescor, (k,))
    return pm.CustomDist.dist(
        *inputs, rescor, logp=logp, random=random, signature=signature, class_name="CorrelatedResiduals"
    )


def block_density(
    response: ModelResponse,
    residual: ResidualCorrelation,
    y: Tensor,
    mean: Tensor,
    sd: Tensor,
    parameters: Mapping[str, Tensor],
    rescor: Tensor,
) -> Tensor:
    """The log-density of all rows; −∞ where R is not positive definite in double precision.

    Parameters
    ----------
    y, mean, sd : (n,) tensors
    parameters : mapping of str to scalar
        Those of the law of the errors.
    rescor : (k,) tensor
    """
    errors = response.family.errors
    assert errors is not None
    q, half = block_terms(residual, values_of(residual.coefficients, rescor), (errors.scale_of(y) - mean) / sd)
    sizes = np.bincount(residual.codes, minlength=len(residual.levels)).astype(np.float64)
    each = errors.log_density(q, pt.constant(sizes), parameters)
    total = each.sum() + (errors.log_slope(y) - pt.log(sd)).sum() - half
    return pt.switch(pt.isnan(total), -np.inf, total)


def _drawn(
    response: ModelResponse,
    residual: ResidualCorrelation,
    colouring: Colouring,
    inputs: tuple[Floats, ...],
    rng: np.random.Generator,
    size: Any,
) -> Floats:
    """Draws of all rows, (*batch, n)."""
    errors = response.family.errors
    assert errors is not None
    mean, sd, *rest = inputs
    inner = np.broadcast_shapes(mean.shape[:-1], sd.shape[:-1], *(r.shape for r in rest[:-1]), rest[-1].shape[:-1])
    shape = inner if size is None else tuple(int(s) for s in np.atleast_1d(size))
    n, S = mean.shape[-1], int(np.prod(shape, dtype=int))

    def every(values: Floats, core: tuple[int, ...]) -> Floats:
        return np.broadcast_to(values, (*shape, *core)).reshape(S, *core)

    parameters = {p: every(v, ())[:, None] for p, v in zip(errors.parameters, rest[:-1], strict=True)}
    e = colouring(every(rest[-1], rest[-1].shape[-1:]), rng.standard_normal((S, n)))
    none = np.zeros((S, len(residual.levels)))
    e = e * errors.stretch(none, none, parameters, rng)[:, residual.codes]
    return errors.back(every(mean, (n,)) + every(sd, (n,)) * e).reshape(*shape, n)
