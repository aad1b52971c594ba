"""Known values of all parameters: from a user, the prior, or a posterior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import xarray as xr

from hierlm import names
from hierlm.errors import PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.model.assign import Assignment
from hierlm.model.respond import picklable
from hierlm.posterior.draws import elements
from hierlm.priors.fixed import Fixed
from hierlm.replicates.simulate import as_fit

__all__ = ["At", "empty_values", "known_values", "parameter_names", "parameters_of", "point", "posterior_draw"]

At = Literal["mean", "median"]


def parameter_names(model: Model) -> tuple[str, ...]:
    """Every parameter that is not held fixed, as users write it."""
    return tuple(
        n for e in elements(as_fit(model, empty_values(model))) for n in np.array(e.names)[~e.constant].tolist()
    )


def known_values(model: Model, values: Mapping[str, float]) -> xr.Dataset:
    """Values by the names of :meth:`hierlm.Model.priors`, as one draw.

    A name stands for its parameter wherever it is shared (``sd_g[a]`` and ``sd_g[b]`` of ``idv``); a correlation is
    ``cor_g[Intercept, x]``, one number for each pair.

    Raises
    ------
    PosteriorError
        For a name that means nothing, a parameter that is not named, or a value that it cannot have.
    """
    if not isinstance(values, Mapping):
        raise PosteriorError(
            f"values is a {type(values).__name__}, not a mapping.", hint=f"Write values={{{_example(model)}: …}}."
        )
    known, given = parameter_names(model), dict(values)
    strange = [key for key in given if key not in known]
    if strange:
        raise PosteriorError(f"There is no free parameter called '{strange[0]}'.", hint=_near(strange[0], known))
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
            raise PosteriorError(f"The value of '{key}' is {value!r}.", hint="Give a finite number.")
    filled = empty_values(model)
    left = dict.fromkeys(known)
    for a in model.assignments:
        if a.kind == "correlation" or isinstance(a.prior, Fixed):
            continue
        own = [n for n in known if n in a.keys or (a.kind == "elements" and _element_of(a, n))]
        for name in own:
            left.pop(name, None)
            source = name if name in given or a.kind == "elements" else next((k for k in own if k in given), name)
            if source not in given:
                left[name] = None
                continue
            _check(a, name, float(given[source]))
            _set(filled, a.variable, name, float(given[source]))
    for name in [n for n in left if n in given]:
        _set_correlation(filled, model, name, float(given[name]))
        left.pop(name)
    if left:
        raise PosteriorError(
            f"values lacks {', '.join(n for n in known if n in left)}.",
            hint="Every free parameter needs a value: see model.priors().",
        )
    _check_correlations(filled, model)
    return filled


def point(fit: Fit, at: At = "mean") -> xr.Dataset:
    """The posterior means or medians of all parameters, as one draw.

    Raises
    ------
    PosteriorError
        When medians of correlations are no correlation matrix.
    """
    if at not in ("mean", "median"):
        raise PosteriorError(f"at={at!r} is unknown.", hint="Use 'mean' or 'median'.")
    kept = parameters_of(fit)
    middle = kept.mean(("chain", "draw")) if at == "mean" else kept.median(("chain", "draw"))
    found = middle.expand_dims(chain=[0], draw=[0]).transpose("chain", "draw", ...)
    _check_correlations(found, fit.model)
    return found


def posterior_draw(fit: Fit, number: int) -> xr.Dataset:
    """One draw of all parameters, chains one after the other."""
    kept = parameters_of(fit)
    chain, draw = divmod(number % (kept.sizes["chain"] * kept.sizes["draw"]), kept.sizes["draw"])
    return kept.isel(chain=[chain], draw=[draw]).assign_coords(chain=[0], draw=[0])


def parameters_of(fit: Fit) -> xr.Dataset:
    """The draws of all parameters, without group effects."""
    posterior = fit.posterior
    return posterior[[v for v in dict.fromkeys(a.variable for a in fit.model.assignments) if v in posterior]]


def empty_values(model: Model) -> xr.Dataset:
    """Every parameter as zero, fixed ones at their values, correlation matrices as identity."""
    graph = picklable(model).pymc
    found: dict[str, Any] = {}
    for variable in dict.fromkeys(a.variable for a in model.assignments):
        if variable not in graph.named_vars:
            continue
        dims: tuple[str, ...] = graph.named_vars_to_dims.get(variable) or ()
        labels = {dim: np.array([str(v) for v in graph.coords[dim]]) for dim in dims}
        start = np.eye(len(labels[dims[0]])) if len(dims) == 2 else np.zeros([len(v) for v in labels.values()])
        found[variable] = xr.DataArray(start[None, None], dims=["chain", "draw", *dims], coords=labels)
    made = xr.Dataset(found, coords={"chain": [0], "draw": [0]})
    for a in model.assignments:
        if isinstance(a.prior, Fixed) and a.variable in made:
            for name in a.keys:
                _set(made, a.variable, name, a.prior.value)
    return made


def _set(made: xr.Dataset, variable: str, name: str, value: float) -> None:
    array = made[variable]
    if array.ndim == 2:
        array[...] = value
        return
    labels = [names.element(variable, str(v)) for v in array[array.dims[-1]].to_numpy()]
    array[..., labels.index(name)] = value


def _set_correlation(made: xr.Dataset, model: Model, name: str, value: float) -> None:
    if not -1 < value < 1:
        raise PosteriorError(f"'{name}' cannot be {value:g}.", hint="A correlation lies between -1 and 1.")
    array = next(made[names.cor(g)] for g in model.groups if name.startswith(names.cor(g) + "["))
    labels = [str(v) for v in array[array.dims[-1]].to_numpy()]
    pairs = {names.element(str(array.name), a, b): (i, j) for i, a in enumerate(labels) for j, b in enumerate(labels)}
    i, j = pairs[name]
    array[..., i, j] = array[..., j, i] = value


def _element_of(a: Assignment, name: str) -> bool:
    return name.startswith(f"{a.variable}[")


def _check(a: Assignment, name: str, value: float) -> None:
    """Refuse a value that the parameter cannot have."""
    lower, upper = {"positive": (0.0, np.inf), "probability": (0.0, 1.0)}.get(a.kind, a.bounds)
    if not lower < value < upper:
        raise PosteriorError(f"'{name}' cannot be {value:g}.", hint=f"It lies between {lower:g} and {upper:g}.")


def _check_correlations(made: xr.Dataset, model: Model) -> None:
    for group in model.groups:
        if names.cor(group) not in made:
            continue
        if np.linalg.eigvalsh(made[names.cor(group)].to_numpy()[0, 0]).min() < -1e-8:
            raise PosteriorError(
                f"The correlations of '{group}' are those of no effects: their matrix has a negative eigenvalue.",
                hint="Use at='mean', or smaller correlations.",
            )


def _example(model: Model) -> str:
    return repr(next(iter(parameter_names(model)), "b[Intercept]"))


def _near(name: object, known: tuple[str, ...]) -> str:
    return did_you_mean(str(name), known) + " See model.priors()."
