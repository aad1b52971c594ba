"""The numbers of a link's expressions, each compiled once a process: models are made by the thousand."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import Any, Literal

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import ArrayLike, NDArray
from pytensor.compile.mode import Mode

from hierlm.links.link import Link

__all__ = ["numbers"]

_PYTHON = Mode(linker="py", optimizer=None)
_ONE_AT_A_TIME = Lock()  # a compiled function keeps its values in itself


def numbers(link: Link, method: Literal["link", "inverse", "derivative"], values: ArrayLike) -> NDArray[np.float64]:
    """What a method of a link gives, in double precision.

    Parameters
    ----------
    link : Link
    method : {"link", "inverse", "derivative"}
    values : array of any shape
        μ for ``"link"``, η for the others.

    Returns
    -------
    array of the shape of ``values``

    Examples
    --------
    >>> from hierlm.links import get_link
    >>> numbers(get_link("sqrt"), "link", [1.0, 9.0])
    array([1., 3.])
    """
    given = np.asarray(values, dtype=np.float64)
    with _ONE_AT_A_TIME:
        found = np.array(_compiled(link, method)(given.ravel()), dtype=np.float64)
    return np.array(np.broadcast_to(found, given.size)).reshape(given.shape)


@lru_cache(maxsize=128)
def _compiled(link: Link, method: str) -> Any:
    x = pt.dvector("x")
    return pytensor.function(
        [x], pt.as_tensor_variable(getattr(link, method)(x)), mode=_PYTHON, on_unused_input="ignore"
    )
