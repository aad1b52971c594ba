"""Refits on the PyMC graph: compiled once, from the same start, with each replicate's data."""

from __future__ import annotations

import numpy as np
import pytest

import hierlm as hl
from hierlm.errors import SamplingError
from hierlm.model.respond import with_responses
from hierlm.replicates.refit import refit, settings_of


def test_unknown_options_are_refused():
    assert settings_of({"draws": 50})["draws"] == 50
    for ours in ("seed", "progress", "model", "warmup"):
        with pytest.raises(SamplingError, match=f"no option '{ours}'"):
            settings_of({ours: 1})


@pytest.mark.slow
def test_a_graph_is_compiled_once_and_draws_do_not_depend_on_the_order(monkeypatch: pytest.MonkeyPatch):
    import nutpie

    from hierlm.samplers import nutpie as ours

    calls = []
    compile_graph = nutpie.compile_pymc_model
    monkeypatch.setattr(nutpie, "compile_pymc_model", lambda g: calls.append(g) or compile_graph(g))
    monkeypatch.setattr(ours, "_COMPILED", {})
    rng = np.random.default_rng(1)
    base = hl.Model("y ~ 1", {"y": rng.normal(size=40)}, priors={"sigma": 1.0})
    models = [with_responses(base, {"y": rng.normal(centre, 1, 40)}) for centre in (-3.0, 2.0)]
    settings = settings_of({"reduce": False, "draws": 300})
    means = [refit(m, settings, 5, base).posterior["b"].to_numpy() for m in models]
    assert len(calls) == 1
    for model, b in zip(models, means, strict=True):
        assert b.mean() == pytest.approx(model.responses[0].y.mean(), abs=0.1)  # its own data; sd/√ess is 0.01
    ours._COMPILED.clear()
    again = [refit(m, settings, 5, base).posterior["b"].to_numpy() for m in reversed(models)]
    np.testing.assert_array_equal(again[::-1], means)
    other = hl.Model("y ~ 1", {"y": rng.normal(size=41)}, priors={"sigma": 1.0})
    assert refit(other, settings, 5, other).posterior["b"].mean() == pytest.approx(other.responses[0].y.mean(), abs=0.1)
    assert len(calls) == 3
