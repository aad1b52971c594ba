"""How large is the variation between levels, and how large is what remains?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.plots.canvas import AMBER, BLUE, INK, PALE, arviz_plots, heading, percent, plain, style
from hierlm.plots.terms import effect_scale
from hierlm.posterior.draws import flat, labelled
from hierlm.posterior.intervals import check_interval, interval

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["components"]

INNER = 0.5
RESIDUAL = "sigma"
HEIGHT = 0.72
GRID = 256


@dataclass(frozen=True, eq=False)
class Component:
    """One standard deviation: its name, the unit it is in, and its draws."""

    name: str
    unit: str
    values: NDArray[np.float64]
    residual: bool = False


def components(fit: Fit, *, level: float = 0.95) -> Any:
    """Posterior densities of the standard deviations of all groupings, and of the residual where the family has one.

    Parameters
    ----------
    fit : Fit
    level : float
        Of the thin intervals and of the numbers at the right; the thick intervals have 50%.

    Returns
    -------
    PlotCollection
        Of arviz-plots; one panel for each scale, so that what shares an axis may be compared.

    Raises
    ------
    PosteriorError
        When the model has no standard deviation to draw.

    Examples
    --------
    >>> fit.plot.components().savefig("components.png")  # doctest: +SKIP
    """
    check_interval(level, "eti")
    found = [*_groupings(fit), *_residuals(fit)]
    if not found:
        raise PosteriorError(
            "The model has neither group terms nor a residual standard deviation to draw.", hint="See fit.fixef()."
        )
    panels = {unit: [c for c in found if c.unit == unit][::-1] for unit in dict.fromkeys(c.unit for c in found)}
    rows = sum(len(cs) for cs in panels.values())
    size = (7.2, 0.95 + 0.52 * rows + 0.55 * len(panels))
    data = xr.Dataset(
        {
            unit: (("sample", f"row{i}"), np.column_stack([c.values for c in cs]))
            for i, (unit, cs) in enumerate(panels.items())
        }
    )
    colours = "Blue: between levels. Orange: residual. " if len({c.residual for c in found}) > 1 else ""
    figure_kwargs = {
        "figsize": size,
        "figsize_units": "inches",
        "height_ratios": [len(cs) + 0.6 for cs in panels.values()],
    }
    with style():
        pc = arviz_plots().PlotCollection.grid(
            data, rows=["__variable__"], backend="matplotlib", figure_kwargs=figure_kwargs
        )
        pc.map(_densities, "densities", data=data, panels=panels, level=level, subset_info=True)
        heading(
            pc.viz["figure"].item(),
            "Standard deviations of the variance components",
            f"{colours}Posterior densities with means, {percent(INNER)} (thick) and "
            f"{percent(level)} (thin) intervals; at the right the mean and the {percent(level)} interval.",
        )
    return pc


def _groupings(fit: Fit) -> list[Component]:
    found = []
    for group in fit.model.groups:
        labels, values = labelled(fit, names.sd(group))
        for label, sd in zip(labels, flat(values).T, strict=True):
            found.append(Component(names.element(names.sd(group), label), effect_scale(fit.model, group, label), sd))
    return found


def _residuals(fit: Fit) -> list[Component]:
    """``sigma`` of every response that has one value of it."""
    owners = [r for r in fit.model.responses if RESIDUAL in r.free]
    if not owners:
        return []
    labels, values = labelled(fit, RESIDUAL)
    by_label = dict(zip(labels, flat(values).T, strict=True))
    return [
        Component(
            names.element(RESIDUAL, *([r.label] if r.label else [])),
            f"units of {r.name}",
            by_label[r.label or ""],
            True,
        )
        for r in owners
    ]


def _densities(
    da: xr.DataArray, target: Any, panels: dict[str, list[Component]], level: float, var_name: str, **_: Any
) -> Any:
    """One half-eye a row: density above, interval and mean on the line; the numbers at the right."""
    rows = panels[var_name]
    numbers = []
    top = 0.0
    for y, component in enumerate(rows):
        draws, colour = component.values, AMBER if component.residual else BLUE
        (low, high), (left, right) = interval(draws, level), interval(draws, INNER)
        mean = float(draws.mean())
        numbers.append(f"{_digits(mean)}  [{_digits(low)}, {_digits(high)}]")
        top = max(top, float(np.quantile(draws, 0.997)))
        if np.ptp(draws) > 0:
            x, density = _density(draws)
            target.fill_between(x, y, y + HEIGHT * density / density.max(), color=colour, alpha=0.25, linewidth=0)
            target.plot(x, y + HEIGHT * density / density.max(), color=colour, linewidth=0.9)
        target.hlines(y, low, high, color=colour, linewidth=1.1)
        target.hlines(y, left, right, color=colour, linewidth=3.4)
        target.plot(mean, y, "o", color=colour, markersize=5, markeredgecolor="white", markeredgewidth=0.9)
    _frame(target, [plain(c.name) for c in rows], numbers, top, f"Standard deviation ({rows[0].unit})")
    return target.collections[0]


def _frame(axes: Any, labels: Sequence[str], numbers: Sequence[str], top: float, title: str) -> None:
    axes.set_xlim(0, 1.04 * top)
    axes.set_ylim(-0.35, len(labels) - 1 + HEIGHT + 0.2)
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(plain(title))
    axes.spines["left"].set_visible(False)
    for y, text in enumerate(numbers):
        axes.annotate(
            text,
            (1.02, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8.5,
            color=INK,
            annotation_clip=False,
        )


def _density(draws: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Kernel density of positive draws, reflected at zero so that no mass is lost below it; Silverman's bandwidth."""
    spread = min(draws.std(), np.subtract(*np.quantile(draws, [0.75, 0.25])) / 1.349) or draws.std()
    bandwidth = 0.9 * spread * len(draws) ** -0.2
    edges = np.linspace(0.0, draws.max() + 3 * bandwidth, GRID + 1)
    x = (edges[:-1] + edges[1:]) / 2
    counts = np.histogram(draws, edges)[0] / len(draws)
    distance = (x[:, None] - x[None, :]) / bandwidth
    mirrored = (x[:, None] + x[None, :]) / bandwidth
    kernel = np.exp(-0.5 * distance**2) + np.exp(-0.5 * mirrored**2)
    density = kernel @ counts
    keep = density > 2e-3 * density.max()
    return x[keep], density[keep]


def _digits(value: float | np.floating[Any] | NDArray[np.float64]) -> str:
    """Three significant digits, no exponent where avoidable."""
    number = float(value)
    return f"{number:#.3g}".rstrip(".") if 1e-3 <= abs(number) < 1e4 else f"{number:.3g}"
