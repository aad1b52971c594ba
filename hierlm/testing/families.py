"""The contract of every family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hierlm.errors import DataError, PosteriorError
from hierlm.families import Family, Parameter, Predicted
from hierlm.links import LINKS, Link
from hierlm.testing.categories import check_categories
from hierlm.testing.family_case import FamilyCase, Floats, Points, inside_values, usual_points
from hierlm.testing.links import extreme_etas
from hierlm.testing.moments import moments
from hierlm.testing.numbers import draws, value_and_gradient, values

__all__ = ["check_family"]

_EXTREME_OF_OTHERS = 30.0  # a standard deviation of e⁻³⁰⁰ overflows when it is squared


def check_family(
    family: Family,
    *,
    points: Points | None = None,
    reference: Callable[..., ArrayLike] | None = None,
    size: int = 20_000,
    seed: int = 1,
) -> None:
    """Check a family; a plugin's test is this one call.

    * every parameter has links that exist, and its default link is one of them;
    * the density agrees with ``reference``, integrates (sums) to one, and has the stated mean and variance;
    * draws lie in the support, have the stated mean and variance up to Monte-Carlo error, and the shape that
      parameters of shape (draws, n) ask for; so has the log-density;
    * under every link of every parameter the log-density is the same function of the parameter, its gradient agrees
      with finite differences, and both are finite at η = ±0, ±0.001, ±30, and ±300 for ``mu``;
    * values outside the support have density zero, and :meth:`Family.prepare` refuses them;
    * there is a default prior for every parameter but ``mu``, and a link scale for every link of ``mu``;
    * the latent variance is positive, or refused, for every link of ``mu``;
    * of an ordinal family: probabilities of categories are the density, add up to one and have the stated mean, and the
      gradient by every element of its vectors agrees with finite differences.

    Parameters
    ----------
    family : Family
    points : sequence of mappings, optional
        Parameter values, on their natural scale, to check at; needed where moments at the usual ones are infinite.
    reference : callable, optional
        Independent log-density ``reference(y, **parameters)``, with ``trials`` where the family needs them.
    size : int
        Draws a point.
    seed : int
        Of the draws.

    Raises
    ------
    AssertionError
        Saying what does not hold, and where.

    Examples
    --------
    >>> from hierlm.families import get_family
    >>> check_family(get_family("poisson")[0], size=500)
    """
    _check_parameters(family)
    case = FamilyCase(family, points or usual_points(family))
    y = _check_draws(case, size, seed)
    _check_density(case, y, reference)
    _check_moments(case)
    _check_broadcasting(case, y[:6])
    for parameter in family.parameters:
        _check_parameter(case, parameter, y[:6, 0])
    _check_outside(case, y)
    _check_scales(case, y[:, -1])
    if family.ordinal:
        check_categories(case)


def _check_parameters(family: Family) -> None:
    assert family.name
    assert family.parameters[0].name == "mu", f"{family}: the first parameter is not mu"
    for p in family.parameters:
        assert p.link in p.links, f"{family}: the default link of {p.name} is not among its links"
        unknown = set(p.links) - set(LINKS)
        assert not unknown, f"{family}: {p.name} has links that do not exist: {unknown}"
        assert p.lower < p.upper, f"{family}: {p.name} has no range"


def _check_draws(case: FamilyCase, size: int, seed: int) -> Floats:
    """Draws of shape (size, points)."""
    family, n = case.family, len(case.points)
    tall = [np.broadcast_to(column, (size, n)) for column in case.columns]
    y = draws(case.variable, *tall, seed=seed)
    assert y.shape == (size, n), f"{family}: parameters of shape {(size, n)} gave draws of shape {y.shape}"
    lower, upper = case.support
    inside = (y >= lower) & (y <= upper)
    if family.discrete:
        inside &= y == np.floor(y)
    assert inside.all(), f"{family}: draws outside the support: {y[~inside][:3]}"
    mean, variance = case.moment("mean"), case.moment("variance")
    centred = y - y.mean(axis=0)
    found = y.var(axis=0)
    error = np.sqrt(np.maximum((centred**4).mean(axis=0) - found**2, 0) / size)
    # six standard errors: one false alarm in 10⁸ of a normal statistic; the seed fixes the draws anyway
    _agree(y.mean(axis=0), mean, 6 * np.sqrt(variance / size), f"{family}: mean of draws", case)
    _agree(found, variance, 6 * error, f"{family}: variance of draws", case)
    return y.astype(float)


def _check_density(case: FamilyCase, y: Floats, reference: Callable[..., ArrayLike] | None) -> None:
    some = y[:200]
    found = values(case.log_density, some, *case.columns)
    assert found.shape == some.shape, f"{case.family}: the log-density of {some.shape} values has shape {found.shape}"
    assert np.isfinite(found).all(), f"{case.family}: the log-density of its own draws is not finite"
    if reference is None:
        return
    for j, point in enumerate(case.points):
        expected = np.asarray(reference(some[:, j], **point, **case.additions, **case.elements), dtype=float)
        wrong = ~(np.abs(found[:, j] - expected) <= 1e-8 * np.maximum(np.abs(expected), 1))
        assert not wrong.any(), (
            f"{case.family}: log-density at {dict(point)}, y = {some[wrong, j][0]:g}: "
            f"{found[wrong, j][0]:.12g}, reference {expected[wrong][0]:.12g}"
        )


def _check_moments(case: FamilyCase) -> None:
    mean, variance = case.moment("mean"), case.moment("variance")
    for j, point in enumerate(case.points):
        total, first, second = moments(
            case.density_at(j),
            case.support,
            discrete=case.family.discrete,
            atoms=case.family.atoms,
            mean=float(mean[j]),
            sd=float(np.sqrt(variance[j])),
        )
        where = f"at {dict(point)}"
        assert abs(total - 1) < 1e-6, f"{case.family}: the density adds up to {total:.9g} {where}"
        assert abs(first - mean[j]) < 1e-5 * np.sqrt(variance[j]), (
            f"{case.family}: the density has mean {first:.9g}, stated {mean[j]:.9g} {where}"
        )
        assert abs(second - variance[j]) < 1e-5 * variance[j], (
            f"{case.family}: the density has variance {second:.9g}, stated {variance[j]:.9g} {where}"
        )


def _check_broadcasting(case: FamilyCase, y: Floats) -> None:
    """(n,) data against (draws, 1) parameters is the log-density of every pair."""
    data = y[:, 0]
    together = values(case.log_density, data, *[column[:, None] for column in case.columns])
    apart = [values(case.log_density, data, *[column[j] for column in case.columns]) for j in range(len(case.points))]
    assert together.shape == (len(case.points), len(data)), f"{case.family}: log-density of shape {together.shape}"
    assert np.allclose(together, apart, rtol=1e-12), f"{case.family}: parameters of shape (draws, 1) are misread"


def _check_parameter(case: FamilyCase, parameter: Parameter, y: Floats) -> None:
    """The log-density as a function of one parameter under each of its links, the others at the first point."""
    natural: list[Any] = [column[0] for column in case.columns]
    position = [p.name for p in case.family.parameters].index(parameter.name)
    inside = np.array(inside_values(parameter))
    natural[position] = inside[:, None]
    expected = values(case.log_density, y, *natural).sum(axis=-1)
    for name in parameter.links:
        link, where = LINKS[name], f"{case.family}: {parameter.name} with link {name}"

        def log_density(eta: Any, link: Link = link) -> Any:
            # one row for each η, one column for each value of y
            return case.log_density(y, *natural, **{parameter.name: Predicted(eta[:, None], link)}).sum(axis=-1)

        mine = np.full(3, True) if parameter.latent else (inside > link.lower) & (inside < link.upper)
        assert mine.any(), f"{where}: no value of the parameter is in the link's range"
        extremes = extreme_etas(link, parameter.lower, parameter.upper)
        extremes = extremes if position == 0 else extremes[np.abs(extremes) <= _EXTREME_OF_OTHERS]
        eta = inside[mine] if parameter.latent else values(link.link, inside[mine])
        step = 1e-5 * np.maximum(np.abs(eta), 0.1)
        found, slope = value_and_gradient(log_density, np.concatenate([eta, eta + step, eta - step, extremes]))
        k = len(eta)
        other = parameter.latent and name != parameter.link  # the link of a latent parameter is another distribution
        assert other or np.allclose(found[:k], expected[mine], rtol=1e-8), f"{where}: not the same log-density"
        numeric = (found[k : 2 * k] - found[2 * k : 3 * k]) / (2 * step)
        assert np.allclose(slope[:k], numeric, rtol=1e-5, atol=1e-5), (
            f"{where}: gradient {slope[:k]}, finite differences {numeric}"
        )
        bad = extremes[~(np.isfinite(found) & np.isfinite(slope))[3 * k :]]
        assert bad.size == 0, f"{where}: log-density or gradient is not finite at η = {bad}"


def _check_outside(case: FamilyCase, y: Floats) -> None:
    family, (lower, upper) = case.family, case.support
    good = np.where(np.arange(6) % 2, y[:6, 0], y[:6, -1])
    additions = {name: np.full(6, value) for name, value in case.additions.items()}
    beyond = [bound for bound in (lower - 1.0, upper + 1.0) if np.isfinite(bound)]
    for outside in beyond:
        found = values(case.log_density, outside, *[column[0] for column in case.columns])
        assert found == -np.inf, f"{family}: the log-density at {outside:g}, outside the support, is {found}"
    # one category more than there are is refused where their number is known, in the model
    refused_values = [b for b in beyond if b < lower or not family.ordinal]
    for outside in [*refused_values, *([0.5] if family.discrete else []), np.nan]:
        bad = np.where(np.arange(6) == 3, outside, good)
        refused = _refusal(family, bad, None, additions)
        assert refused is not None, f"{family}: prepare lets {outside:g} pass"
        assert refused.rows in ((), (3,)), f"{family}: {outside:g} in row 3 refused for rows {refused.rows}"
    codes, levels = np.arange(6.0) % 3, ("a", "b", "c")
    if family.ordinal:
        kept = family.prepare("y", codes, levels, None, additions)
        assert np.array_equal(kept, codes + 1), f"{family}: the categories a, b, c are not 1, 2, 3"
    else:
        assert _refusal(family, codes, levels, additions), f"{family}: prepare lets three categories pass"


def _refusal(
    family: Family, y: Floats, levels: tuple[str, ...] | None, additions: Mapping[str, Floats]
) -> DataError | None:
    """The error of :meth:`Family.prepare`, None where it has none."""
    try:
        family.prepare("y", y, levels, None, additions)
    except DataError as error:
        return error
    return None


def _check_scales(case: FamilyCase, y: Floats) -> None:
    family = case.family
    y = y[:50]
    additions = {name: np.full(len(y), value) for name, value in case.additions.items()}
    priors = family.default_priors(y, additions)
    expected = {p.name for p in family.parameters[1:]}
    assert set(priors) == expected, f"{family}: default priors for {set(priors)}, parameters {expected}"
    mu = family.parameters[0]
    for name in mu.links:
        link = LINKS[name]
        if link.lower >= 0 > y.mean():
            continue
        centre, spread = family.link_scale(y, link, additions)
        assert np.isfinite(centre), f"{family}: the centre on the {name} scale is {centre}"
        assert 0 < spread < np.inf, f"{family}: the spread on the {name} scale is {spread}"
        _check_latent(case, link)


def _check_latent(case: FamilyCase, link: Link) -> None:
    family, others = case.family, [column[0] for column in case.columns]
    latent = family.parameters[0].latent
    inside = np.array([v for v in inside_values(family.parameters[0]) if latent or link.lower < v < link.upper])
    eta = inside if latent else values(link.link, inside)

    def variance(e: Any) -> Any:
        return family.latent_variance(case.additions, **case.predicted(others, mu=Predicted(e, link)))

    try:
        found = values(variance, eta)
    except PosteriorError:
        return
    assert found.shape == eta.shape, f"{family}: latent variance of shape {found.shape} with link {link.name}"
    assert (np.isfinite(found) & (found > 0)).all(), f"{family}: latent variance {found} with link {link.name}"


def _agree(found: Floats, expected: Floats, tolerance: Floats, what: str, case: FamilyCase) -> None:
    for j, point in enumerate(case.points):
        # `<=`, so that NaN counts as wrong
        assert abs(found[j] - expected[j]) <= tolerance[j], (
            f"{what}: {found[j]:.6g}, stated {expected[j]:.6g}, at {dict(point)}"
        )
