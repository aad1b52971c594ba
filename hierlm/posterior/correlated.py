"""Answers about rows one by one, which correlated residuals make answers about blocks."""

from __future__ import annotations

from hierlm.errors import PosteriorError
from hierlm.model import Model

__all__ = ["refuse_correlated"]


def refuse_correlated(model: Model, what: str, hint: str) -> None:
    """Refuse what is only right for independent residuals.

    Parameters
    ----------
    what : str
        Begins the sentence: "Deviance residuals".

    Raises
    ------
    PosteriorError
    """
    if model.residual is not None:
        raise PosteriorError(
            f"{what} are about independent residuals, and those of this model are correlated: {model.residual.label}.",
            hint=hint,
        )
