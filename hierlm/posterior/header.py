"""What every display says first: the model, its data, the draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hierlm.posterior.layout import plain

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["header_lines"]


def header_lines(fit: Fit) -> tuple[str, ...]:
    """Formula; family and links; rows and levels; draws."""
    model = fit.model
    formulas = [plain(line) for line in model.formula.text.splitlines() if line.strip()]
    sides = (("random", model.formula.random), ("residual", model.formula.residual))
    formulas += [f"{side}: {plain(typed)}" for side, typed in sides if typed]
    families = []
    for r in model.responses:
        links = ", ".join(f"{parameter}: {link.name}" for parameter, link in r.links.items())
        families.append(f"{r.name + ': ' if r.label else ''}{r.family.name} ({links})")
    groups = [f"{len(blocks[0].levels):,} levels of {plain(g)}" for g, blocks in model.groups.items()]
    sizes = fit.posterior.sizes
    importance = fit.provenance.get("importance")
    how = f", {importance['method']}" if importance else ""
    return (
        *formulas,
        f"Family: {'; '.join(plain(f) for f in families)}",
        f"Data: {', '.join([f'{model.design.n:,} rows', *groups])}",
        f"Draws: {sizes['chain']} {'chain' if sizes['chain'] == 1 else 'chains'} × {sizes['draw']:,}{how}",
    )
