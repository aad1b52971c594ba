"""What a fit depends on, as one short text: a fit is made again when it changes."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from hierlm.fit import fit
from hierlm.fit.provenance import installed_versions
from hierlm.model import Model
from hierlm.storage.arrays import encode_json
from hierlm.storage.spec import columns_of, spec_of

__all__ = ["fingerprint"]

VERSIONS = ("hierlm", "pymc")
WITHOUT_EFFECT = ("model", "cores", "progress")
"""Options of :func:`~hierlm.fit.fit` that do not change the draws."""

AS_TYPED = ("family", "link", "priors", "frames")
"""What counts as what it was resolved to, however it was typed, and the library of the data's frame."""


def fingerprint(model: Model, options: Mapping[str, Any]) -> str:
    """SHA-256 of a model, the used columns of its data, the options of its fit, and the versions that matter.

    The columns of X and Z count too, so that a changed function of the user's own (``extra``) is noticed.

    Parameters
    ----------
    options : mapping
        Options of :func:`~hierlm.fit.fit`; those left out have their defaults.

    Raises
    ------
    TypeError
        For an option that ``fit`` does not have.
    """
    bound = inspect.signature(fit).bind(model, **options)
    bound.apply_defaults()
    settings = {name: value for name, value in bound.arguments.items() if name not in WITHOUT_EFFECT}
    versions = {p: ".".join(v.split(".")[:2]) for p, v in installed_versions().items() if p in VERSIONS}
    spec = {key: value for key, value in spec_of(model).items() if key not in AS_TYPED}
    total = hashlib.sha256(encode_json([spec, {k: _plain(v) for k, v in settings.items()}, versions]))
    for column in columns_of(model).data_vars.values():
        _add(total, encode_json(dict(column.attrs)), column.to_numpy())
    for predictor in model.predictors:
        _add(total, encode_json(predictor.labels), predictor.X, predictor.offset)
    for block in (*model.blocks, *model.smooths):
        _add(total, encode_json([block.levels, block.effects]), block.codes, *(piece.Z for piece in block.pieces))
        if block.members is not None:
            _add(total, b"members", block.members.codes, block.members.weights)
    for name, relation in model.options.matrices.items():
        _add(total, encode_json([name, *relation.labels]), *relation.arrays().values())
    for group, scale in model.scales.items():
        _add(total, encode_json([group, scale.labels]), scale.X)
    if model.residual is not None:
        _add(total, encode_json(model.residual.labels), model.residual.codes, model.residual.positions)
    for response in model.responses:
        _add(total, response.name.encode(), response.y, *response.additions.values())
    return total.hexdigest()


def _add(total: Any, label: bytes, *arrays: np.ndarray[Any, Any]) -> None:
    total.update(label)
    for array in arrays:
        total.update(f"{array.dtype.str}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if not isinstance(plain, float) or np.isfinite(plain) else repr(plain)  # refused by fit itself
