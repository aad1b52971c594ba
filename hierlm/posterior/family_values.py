"""A question about a family, at every draw and row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.families.family import Predicted
from hierlm.graph.evaluate import evaluate
from hierlm.links import get_link
from hierlm.model.values import ModelResponse

__all__ = ["family_values"]

Floats = NDArray[np.float64]


def family_values(
    question: Callable[..., Any],
    model_response: ModelResponse,
    additions: Mapping[str, Floats],
    etas: Mapping[str, Floats],
    free: Mapping[str, Floats],
    compute: Callable[..., NDArray[Any]] = evaluate,
    **more: NDArray[Any],
) -> NDArray[Any]:
    """A question about a family at every draw and row, shape (S, rows).

    Parameters
    ----------
    question : callable
        ``question(additions, parameters, **more)`` → PyTensor expression; e.g. ``family.mean``.
    additions : mapping of str to (rows,) array
    etas : mapping of parameter to (S, rows) array
        Linear predictors.
    free : mapping of parameter to (S, 1) array
        Parameters without one, on their natural scale.
    compute : callable
        :func:`~hierlm.graph.evaluate.evaluate`, or a sampler with the same arguments.
    """
    links = {p: model_response.links[p] for p in etas} | {p: get_link("identity") for p in free}
    arrays = {f"p_{p}": v for p, v in {**etas, **free}.items()} | {f"a_{a}": v for a, v in additions.items()}

    def expression(**tensors: Any) -> Any:
        predicted = {p: Predicted(tensors[f"p_{p}"], link) for p, link in links.items()}
        given = {a: tensors[f"a_{a}"] for a in additions}
        return question(given, predicted, **{name: tensors[f"m_{name}"] for name in more})

    with np.errstate(all="ignore"):  # callers look at what comes out
        return compute(expression, **arrays, **{f"m_{name}": value for name, value in more.items()})
