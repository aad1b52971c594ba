"""Rows given observed ones of their blocks, where residuals are correlated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PredictionError
from hierlm.model import Model
from hierlm.model.residual_blocks import joined, rows_of
from hierlm.model.residuals import ResidualCorrelation
from hierlm.posterior.block_draws import BlockDraws
from hierlm.posterior.correlated import Standard, check_coefficients, standard
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows

__all__ = ["Known", "alike", "check_apart", "known_errors"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Known:
    """The observed rows of training, whose residuals say something about those of others in their blocks.

    Parameters
    ----------
    rows : Standard
        Location and scale of training rows.
    y : (n,) array
    """

    rows: Standard
    y: Floats

    def prediction(self, new: Standard, z: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Errors of other rows given the known ones.

        Parameters
        ----------
        z : (S, m) array
            Independent, with variance one.

        Returns
        -------
        five (S, m) arrays
            Mean, standard deviation, a normal draw around the mean, and the squared length and number of the known
            errors in the block.
        """
        e, residual = self.rows.errors(self.y), new.blocks.residual
        mean, sd, noise = self.rows.blocks.given(e, residual, z)
        q, m = self.rows.per_block(self.rows.blocks.whiten(e)[0])
        more = len(residual.levels) - q.shape[1]
        q, m = (np.pad(a, ((0, 0), (0, max(more, 0)))) for a in (q, m))
        return mean, sd, noise, q[:, residual.codes], m[:, residual.codes]

    def drawn(self, new: Standard, noise: np.random.Generator) -> Floats:
        """One y of every new row given the known ones, (S, m)."""
        law, residual = new.response.family.errors, new.blocks.residual
        assert law is not None
        mean, _, e, q, m = self.prediction(new, noise.standard_normal(new.location.shape))
        levels, first = np.unique(residual.codes, return_index=True)
        stretch = np.ones((len(e), len(residual.levels)))
        stretch[:, levels] = law.stretch(q[:, first], m[:, first], new.parameters, noise)
        return law.back(new.location + new.scale * (mean + stretch[:, residual.codes] * e))

    def expected(self, new: Standard) -> Floats:
        """E[y] of every new row given the known ones, (S, m)."""
        law = new.response.family.errors
        assert law is not None
        mean, sd, *_ = self.prediction(new, np.zeros(new.location.shape))
        return law.expected(new.location + new.scale * mean, new.scale * sd)

    def log_density(self, new: Standard, y: Floats) -> Floats:
        """log p of every new row, each by itself, given the known ones, (S, m)."""
        mean, sd, _, q, m = self.prediction(new, np.zeros(new.location.shape))
        return new.step_density(y, (new.errors(y) - mean) / sd, np.log(sd), q, m)


def known_errors(model: Model, draws: Draws, rows: Rows, keep: Ints | None = None) -> Known:
    """The training rows that new ones are predicted from.

    Parameters
    ----------
    rows : Rows
        The new ones.
    keep : (m,) int array, optional
        Some of the training rows; all of them unless given.

    Raises
    ------
    PredictionError
        For a new row where one of the known ones was taken.
    """
    (response,), train = model.responses, at_rows(model)
    all_rows = standard(train, draws, response, tuple(model.groups), NewLevels(model, draws, 0, zero=True))
    keep = np.arange(train.n) if keep is None else keep
    known = rows_of(all_rows.blocks.residual, keep)
    assert rows.correlated is not None
    anew = "Leave them out, or ask for measurements made anew: conditional=False."
    check_apart(known, rows.correlated, rows.index, anew)
    part = Standard(
        BlockDraws(known, all_rows.blocks.rescor),
        response,
        all_rows.location[:, keep],
        all_rows.scale[:, keep],
        all_rows.parameters,
    )
    check_coefficients(joined(known, rows.correlated), part.blocks.rescor)
    return Known(part, response.y[keep])


def check_apart(known: ResidualCorrelation, new: ResidualCorrelation, index: Ints, hint: str) -> None:
    """Refuse new rows where one of the known ones was taken.

    Raises
    ------
    PredictionError
    """
    if new.correlation.needs == "nothing" or new.correlation.given.get("nugget") is True:
        return
    taken = {(int(c), *p) for c, p in zip(known.codes, known.positions, strict=True)}
    again = [(int(c), *p) in taken for c, p in zip(new.codes, new.positions, strict=True)]
    if any(again):
        rows = index[np.flatnonzero(again)].tolist()
        raise PredictionError(
            f"Rows {', '.join(map(str, rows[:5]))} of the new data are where the data have a row: given the data their "
            "residual is known.",
            hint=hint,
        )


def alike(first: ResidualCorrelation, second: ResidualCorrelation) -> tuple[ResidualCorrelation, ResidualCorrelation]:
    """Two sets of rows with one numbering of their blocks, by label."""
    levels = tuple(dict.fromkeys((*second.levels, *first.levels)))
    place = {label: i for i, label in enumerate(levels)}
    codes = np.array([place[label] for label in first.levels])[first.codes]
    return replace(first, levels=levels, codes=codes), replace(second, levels=levels)
