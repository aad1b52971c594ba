"""Log-densities and draws in compiled code: structure is data, so that nothing is compiled for a model.

Importing this folder imports what numba reads kernels with: some sixty modules that it would import at the first of
them.
"""

from __future__ import annotations

from numba.core.registry import cpu_target

__all__: list[str] = []

cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
