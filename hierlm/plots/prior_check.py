"""Data drawn from the prior, beside the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hierlm.plots.ppc import ppc
from hierlm.posterior.options import checked_seed
from hierlm.posterior.priors.outcome import prior_fit

if TYPE_CHECKING:
    from hierlm.model import Model

__all__ = ["prior_check"]


def prior_check(
    model: Model, kind: str | None = None, *, draws: int = 400, seed: int | None = None, **options: Any
) -> Any:
    """Data sets drawn from the prior beside the data, in every way that there is for those drawn from a fit.

    Parameters
    ----------
    model : Model
    kind : str, optional
        ``"density"``, ``"bars"``, ``"rootogram"``, ``"ecdf"``, ``"stat"``, ``"intervals"`` …, see
        :func:`hierlm.plots.ppc`.
    draws : int
        Draws from the prior.
    seed : int, optional
    **options
        Of :func:`hierlm.plots.ppc`.

    Returns
    -------
    PlotCollection or Picture

    Raises
    ------
    PriorError
        When a prior is improper.
    PosteriorError
        For an unknown kind, or one that does not fit the response.

    Examples
    --------
    >>> model.plot.prior("ecdf", seed=1).savefig("prior.png")  # doctest: +SKIP
    """
    root = checked_seed(seed)
    return ppc(prior_fit(model, draws, root), kind, seed=root, **options)
