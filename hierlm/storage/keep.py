"""save, load, and fit unless that has been done before."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import xarray as xr

from hierlm.errors import HierlmError, StorageError
from hierlm.families.registry import FAMILIES
from hierlm.fit import Fit, fit
from hierlm.fit.settings import check_options
from hierlm.links import LINKS
from hierlm.model import Model
from hierlm.model.joint import bounds_of
from hierlm.priors.joint import JOINT
from hierlm.storage.archive import DAMAGED, StrPath, read_archive, target, write_archive
from hierlm.storage.arrays import read_tree, write_tree
from hierlm.storage.fingerprint import fingerprint
from hierlm.storage.spec import DATA, MATRICES, check_draws, columns_of, matrices_of, model_of, spec_of

__all__ = ["fit_or_load", "load", "save"]

FORMAT = "hierlm fit"
VERSION = 1
LOADED = "loaded_from"


def save(fit: Fit, path: StrPath) -> None:
    """Write a fit as one portable archive.

    The file is a zip of zarr arrays and JSON: formula, options, priors, provenance, the data columns that the model
    uses, and all draws.  It is written beside its place and moved there when complete, so what was there before
    survives a failure.

    Parameters
    ----------
    fit : Fit
    path : path
        A file; it is replaced if it exists.

    Raises
    ------
    StorageError
        When the file cannot be written, or the model has a family, link or joint prior that is not registered.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit.save("sleep.zarr")  # doctest: +SKIP
    >>> hl.load("sleep.zarr").predict()  # doctest: +SKIP
    """
    for name in (DATA, MATRICES):
        if name in fit.draws.children:
            raise StorageError(f"fit.draws has a group '{name}', a name that the archive needs.", hint="Rename it.")
    _check_registered(fit.model)
    kept = {key: value for key, value in fit.provenance.items() if key != LOADED}
    spec = {"format": FORMAT, "version": VERSION, "model": spec_of(fit.model), "provenance": kept}
    tree = xr.DataTree.from_dict({**fit.draws.to_dict(), DATA: columns_of(fit.model), **matrices_of(fit.model)})
    write_archive(path, write_tree(tree, {"hierlm": spec}))


def _check_registered(model: Model) -> None:
    """Refuse what an archive would name and nothing could find again, or find something else of that name.

    Raises
    ------
    StorageError
    """
    found: list[tuple[str, Any, Any]] = [("family", r.family, FAMILIES.get(r.family.name)) for r in model.responses]
    found += [("link", link, LINKS.get(link.name)) for r in model.responses for link in r.links.values()]
    found += [("joint prior", b.joint, JOINT.get(type(b.joint).__name__)) for b in bounds_of(model.assignments)]
    for what, own, known in found:
        if known is None or type(own) is not (known if isinstance(known, type) else type(known)):
            name = getattr(own, "name", type(own).__name__)
            raise StorageError(
                f"The {what} '{name}' is your own and not registered, so that an archive could not be read back.",
                hint="Register it (docs/extending), or keep fit.draws.to_zarr(…) and the code that makes the model.",
            )


def load(path: StrPath, *, extra: Mapping[str, Callable[..., Any]] | None = None) -> Fit:
    """The fit that :func:`save` has written.

    The model is rebuilt from its formula and the stored columns; nothing in the file is executed.

    Parameters
    ----------
    path : path
    extra : mapping of str to function, optional
        The functions of your own that the formula calls; they cannot be stored.

    Returns
    -------
    Fit
        With the same draws, bit by bit; ``provenance["loaded_from"]`` names the file.

    Raises
    ------
    StorageError
        When the file is missing, damaged, changed, written by a newer hierlm, or no archive of hierlm.

    Examples
    --------
    >>> import hierlm as hl
    >>> hl.load("sleep.zarr").summary()  # doctest: +SKIP
    """
    spec, tree = _read(path)
    try:
        model = model_of(spec["model"], tree, dict(extra or {}))
        draws = _draws(tree)
        check_draws(model, draws)
    except StorageError as error:
        raise StorageError(f"'{path}': {error.message}", hint=error.hint or DAMAGED) from error
    except HierlmError as error:
        raise StorageError(f"'{path}' holds a model that cannot be rebuilt: {error}", hint=DAMAGED) from error
    except Exception as error:  # whatever a file of unknown origin runs into is a fault of the file
        raise StorageError(f"'{path}' holds no model: {type(error).__name__}: {error}.", hint=DAMAGED) from error
    return Fit(model, draws, {**spec["provenance"], LOADED: str(path)})


def fit_or_load(model: Model, *, file: StrPath | None = None, **options: Any) -> Fit:
    """Sample a model, unless ``file`` holds that fit already.

    Parameters
    ----------
    model : Model
    file : path, optional
        Where the fit is kept.  It is sampled again, and the file replaced, only when formula, data, family, links,
        priors, options or the (major.minor) version of hierlm or PyMC have changed.
    **options
        See :func:`hierlm.fit.fit`.

    Returns
    -------
    Fit
        ``provenance["loaded_from"]`` names the file if nothing was sampled.

    Raises
    ------
    SamplingError
        For an option that ``fit`` does not have.
    StorageError
        When the file is no archive of hierlm (it is never overwritten then), or cannot be written; said before
        sampling.
    """
    check_options(options, [*[*inspect.signature(fit).parameters][1:], "file"])
    mark = fingerprint(model, options)
    if file is None:
        return _marked(fit(model, **options), mark)
    if target(file).exists():
        spec, tree = _read(file)
        if spec["provenance"].get("fingerprint") == mark:
            draws = _draws(tree)
            check_draws(model, draws)
            return Fit(model, draws, {**spec["provenance"], LOADED: str(file)})
    made = _marked(fit(model, **options), mark)
    if made.provenance.get("complete", True):  # an interrupted fit replaces nothing
        save(made, file)
    return made


def _marked(made: Fit, mark: str) -> Fit:
    return replace(made, provenance={**made.provenance, "fingerprint": mark})


def _draws(tree: xr.DataTree) -> xr.DataTree:
    own = (DATA, MATRICES)
    kept = {path: node for path, node in tree.to_dict().items() if path.strip("/").split("/")[0] not in own}
    return xr.DataTree.from_dict(kept)


def _read(path: StrPath) -> tuple[dict[str, Any], xr.DataTree]:
    """The specification and all arrays of an archive, its format and version checked."""
    members = read_archive(path)
    try:
        attributes, tree = read_tree(members)
        spec = attributes["hierlm"]
        if spec["format"] != FORMAT or not isinstance(spec["provenance"], dict):
            raise StorageError("It holds no fit.")
        version = spec["version"]
    except StorageError as error:
        raise StorageError(f"'{path}' is not an archive of hierlm: {error.message}", hint=DAMAGED) from error
    except Exception as error:  # as in load
        raise StorageError(
            f"'{path}' is not an archive of hierlm: {type(error).__name__}: {error}.", hint=DAMAGED
        ) from error
    if version != VERSION:
        raise StorageError(
            f"'{path}' has version {version!r} of the format, and this hierlm reads version {VERSION}.",
            hint="Install a newer hierlm: pip install --upgrade hierlm.",
        )
    return spec, tree
