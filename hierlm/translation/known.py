"""A guard: parts of a formula that the writers of other packages' code do not know are refused, never left out."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from hierlm.errors import TranslationError
from hierlm.formula.values import Addition, Bar, Formula, Predictor, ResponseTerm

__all__ = ["check_known"]

KNOWN: dict[type, frozenset[str]] = {
    Formula: frozenset({"text", "responses", "predictors", "random", "residual"}),
    ResponseTerm: frozenset({"name", "expression", "additions", "level", "text", "start"}),
    Addition: frozenset({"name", "expression", "options", "start"}),
    Predictor: frozenset({"response", "parameter", "common", "offsets", "bars", "text"}),
    Bar: frozenset({"effects", "factors", "structure", "id", "text", "start", "stop"}),
}
"""The fields that are written down; any other must have its default."""


def check_known(formula: Formula, what: str, *, correlated: bool = False) -> None:
    """Refuse a formula that says something which ``what`` does not write.

    Parameters
    ----------
    correlated : bool
        Whether it writes residuals that are correlated, and latent residual processes.

    Raises
    ------
    TranslationError
        With the place, where the part has one.
    """
    parts: list[Any] = [formula, *formula.responses, *(a for r in formula.responses for a in r.additions)]
    parts += [*formula.predictors, *(b for p in formula.predictors for b in p.bars)]
    for part in parts:
        known = KNOWN[type(part)]
        if correlated and (isinstance(part, Formula) or getattr(part, "process", None) is not None):
            known |= {"correlation", "process", "needs"}
        for field in fields(part):
            value = getattr(part, field.name)
            if field.name not in known and value != _default(field):
                start = getattr(part, "start", 0)
                stop = getattr(part, "stop", None) or start + len(getattr(part, "text", "")) or None
                raise TranslationError(
                    f"{what} does not write '{field.name}' yet.",
                    text=formula.source,
                    start=start,
                    stop=stop,
                    hint="Leave that part out, or write the code by hand.",
                )


def _default(field: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else None


MODEL: dict[str, frozenset[str]] = {
    "Model": frozenset(
        {"formula", "design", "responses", "predictors", "blocks", "assignments", "options", "pymc", "residual"}
    ),
    "ModelResponse": frozenset(
        {"name", "label", "family", "y", "additions", "levels", "success", "links", "free", "options"}
    ),
    "ModelPredictor": frozenset({"response", "parameter", "X", "labels", "offset", "intercept", "columns"}),
    "GroupBlock": frozenset(
        {
            *("group", "factors", "levels", "codes", "effects", "columns", "covariance", "structure", "pieces"),
            "process",
            *("centred", "label"),  # how it is sampled and called; neither changes the model
        }
    ),
    "Piece": frozenset({"response", "parameter", "Z", "effects", "source"}),
}
"""Parts of a model that a script writes; any other must be empty."""


def check_known_model(model: Any, what: str) -> None:
    """Refuse a model that holds a part which ``what`` does not write.

    Raises
    ------
    TranslationError
    """
    parts = [*model.responses, *model.predictors, *model.blocks, *(p for b in model.blocks for p in b.pieces)]
    named: list[tuple[str, str, Any]] = [("Model", key, value) for key, value in vars(model).items()]
    named += [(type(p).__name__, f.name, getattr(p, f.name)) for p in parts for f in fields(p)]
    for owner, key, value in named:
        empty = value is None or value is False or (hasattr(value, "__len__") and len(value) == 0)
        if key not in MODEL.get(owner, frozenset()) and not empty:
            raise TranslationError(f"{what} does not write '{key}' yet.", hint="Write the script by hand.")
