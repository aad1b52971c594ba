"""Compile the kernels that take the tests longest: ``make test`` does so while the types are checked.

They are kept on disk, where the tests find them.  An error is not this program's to tell: the tests will.
"""

from __future__ import annotations

import tests.conftest  # noqa: F401  # the settings of PyTensor, before it is imported


def main() -> None:
    """Fit a small model of crossed groups to counts, by each sampler of what a reduction leaves."""
    import numpy as np

    import hierlm as hl

    rng = np.random.default_rng(1)
    data = {"y": rng.poisson(3, 60), "x": rng.normal(size=60), "g": np.arange(60) % 6, "h": np.arange(60) % 5}
    model = hl.Model("y ~ x + (1 | g) + (1 | h)", data, "poisson")
    for sampler in (None, "nutpie"):
        model.fit(draws=50, tune=50, chains=2, cores=1, seed=1, sampler=sampler, progress=False)


if __name__ == "__main__":
    main()
