"""Compile the kernels that many tests use: ``make test`` does so while the types are checked, ``python -m tests.warm``.

What is compiled is kept on disk, so that the tests find it there.  An error is not this program's to tell: the tests will.
"""

from __future__ import annotations

import tests.conftest  # noqa: F401  # the settings of PyTensor, before it is imported


def main() -> None:
    """Fit one small model by every kind of kernel, those first that take longest to compile."""
    import numpy as np

    import hierlm as hl

    rng = np.random.default_rng(1)
    data = {"c": rng.poisson(3, 60), "y": rng.normal(size=60), "x": rng.normal(size=60)}
    data |= {"g": np.arange(60) % 6, "h": np.arange(60) % 5, "t": np.arange(60) // 6}
    for formula, options in (
        ("c ~ x + (1 | g) + (1 | h)", {"family": "poisson"}),
        ("y ~ x + (1 | g)", {"residual": "ar1(t | h:g)"}),
        ("y ~ x + (x | g)", {}),
    ):
        model = hl.Model(formula, data, **options)
        for sampler in (None, "nutpie"):
            model.fit(draws=50, tune=50, chains=2, cores=1, seed=1, sampler=sampler, progress=False)


if __name__ == "__main__":
    main()
