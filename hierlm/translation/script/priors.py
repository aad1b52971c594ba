"""Priors as PyMC calls."""

from __future__ import annotations

from collections.abc import Sequence

from hierlm import names
from hierlm.errors import TranslationError
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior
from hierlm.priors.stacked import stack
from hierlm.translation.script.pages import Page, array

__all__ = ["scalar", "vector"]

AnyPrior = Prior | Fixed
_BACK = {"variance": "{} ** 0.5", "precision": "{} ** -0.5"}


def scalar(page: Page, variable: str, name: str, prior: object) -> None:
    """One number: ``variable = pm.HalfNormal("sigma", sigma=np.array(2.0))``."""
    if isinstance(prior, Fixed):
        page.model.append(f"{variable} = pm.Deterministic({name!r}, pt.constant({prior.value!r}, dtype='float64'))")
        return
    chosen = _checked(name, prior)
    arguments = ", ".join(f"{k}=np.array({v!r})" for k, v in chosen.items)
    _build(page, variable, name, chosen, arguments, "")


def vector(page: Page, variable: str, name: str, dim: str, priors: Sequence[object], index: Sequence[int]) -> None:
    """Several numbers under one name; ``index`` says which parameter each element is."""
    every = [p if isinstance(p, Fixed) else _checked(name, p) for p in priors]
    plain = [p for p in every if isinstance(p, Prior)]
    same = stack(plain) if len(plain) == len(every) else None
    if same is not None and list(index) == list(range(len(priors))):
        template, arrays = same
        arguments = ", ".join(f"{k}={array(v)}" for k, v in arrays.items())
        _build(page, variable, name, template, arguments, f", dims={dim!r}")
        return
    parts: dict[int, str] = {}
    for number, members in enumerate(_alike(every)):
        first = every[members[0]]
        if isinstance(first, Fixed):
            parts |= {m: f"pt.constant({_value(every[m])!r}, dtype='float64')" for m in members}
            continue
        found = stack([p for p in (every[m] for m in members) if isinstance(p, Prior)])
        assert found is not None
        template, arrays = found
        own = page.variable(f"{variable}_{number}")
        arguments = ", ".join(f"{k}={array(v)}" for k, v in arrays.items())
        _build(page, own, names.internal(name, number), template, arguments, f", shape={len(members)}")
        parts |= {m: f"{own}[{i}]" for i, m in enumerate(members)}
    gathered = ", ".join(parts[i] for i in index)
    page.model.append(f"{variable} = pm.Deterministic({name!r}, pt.stack([{gathered}]), dims={dim!r})")


def _build(page: Page, variable: str, name: str, prior: Prior, arguments: str, size: str) -> None:
    comma = ", " if arguments else ""
    if prior.on == "value":
        page.model.append(f"{variable} = pm.{prior.name}({name!r}{comma}{arguments}{size})")
        return
    free = names.internal(name, prior.on)
    page.model.append(f"{variable} = pm.{prior.name}({free!r}{comma}{arguments}{size})")
    back = _BACK[prior.on].format(variable)
    page.model.append(f"{variable} = pm.Deterministic({name!r}, {back}{size if 'dims' in size else ''})")


def _checked(name: str, prior: object) -> Prior:
    if not isinstance(prior, Prior):
        raise TranslationError(f"A script does not write the prior {prior} of '{name}' yet.", hint="Give a hl.Prior.")
    return prior


def _value(prior: AnyPrior) -> float:
    assert isinstance(prior, Fixed)
    return prior.value


def _alike(priors: Sequence[AnyPrior]) -> list[list[int]]:
    """Positions of the priors that can be one variable; the same groups as in the graph."""
    groups: dict[object, list[int]] = {}
    for i, prior in enumerate(priors):
        key = (prior.name, prior.on, tuple(prior.arguments)) if isinstance(prior, Prior) else "fixed"
        groups.setdefault(key, []).append(i)
    return list(groups.values())
