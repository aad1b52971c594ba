"""Power over designs: closed forms, failures, refusals, and the plot."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import hierlm as hl
from hierlm.errors import FormulaError, ModelError, PosteriorError, PriorError, SamplingError, StorageError
from hierlm.replicates.shares import share_error, share_interval

KNOWN = {"b[Intercept]": 250.0, "b[Days]": 2.0, "sd_Subject[Intercept]": 40.0, "sigma": 30.0}
FEW = {"draws": 60, "tune": 100}


def model() -> hl.Model:
    return hl.Model("Reaction ~ Days + (1 | Subject)", hl.load_data("sleepstudy"))


def test_a_row_a_design():
    found = model().power(
        "b[Days] > 0", values=KNOWN | {"b[Days]": 30.0}, groups=[6, 3], rows=[2, 12], n=4, seed=1, **FEW
    )
    assert found.frame[["groups", "rows"]].to_numpy().tolist() == [[6, 2], [3, 2], [6, 12], [3, 12]]
    assert found.frame["power"].tolist() == [1.0] * 4
    assert "3 levels of Subject with 2 rows each reach 80%" in found.verdict
    assert "not surely" in found.verdict
    assert "b[Days] = 30" in repr(found)
    never = model().power("b[Days] < 0", values=KNOWN | {"b[Days]": 30.0}, groups=3, n=3, seed=1, **FEW)
    assert never.frame["power"].tolist() == [0.0]
    assert never.verdict.startswith("No design reaches 80%; the best has 3 levels of Subject: 0.00")
    assert np.isnan(never.frame["rows"].item())


def test_quantities_have_widths_that_shrink_with_groups():
    found = model().power("b[Days]", values=KNOWN, groups=[4, 36], n=4, seed=1, width=3.0, **FEW).frame
    # var(b) = σ²/Σ(x − x̄)² = 900/(82.5 J)
    for _, row in found.iterrows():
        assert row["width"] == pytest.approx(2 * 1.96 * 30 / np.sqrt(82.5 * row["groups"]), rel=0.3)
    assert found["power"].tolist() == [0.0, 1.0]


def test_values_from_the_prior_or_a_posterior():
    priors = {"b[Days]": hl.Prior("Normal", mu=100, sigma=1)}
    known = hl.Model("Reaction ~ Days + (1 | Subject)", hl.load_data("sleepstudy"), priors=priors)
    assert known.power("b[Days]", values="prior", groups=4, n=3, seed=1, **FEW).frame["mean"].item() > 90
    fit = model().fit(draws=100, chains=2, seed=1, progress=False)
    found = model().power("b[Days]", values=fit, groups=8, n=3, seed=1, **FEW)
    assert 5 < found.frame["mean"].item() < 16
    assert "draws from a posterior" in repr(found)
    with pytest.raises(PosteriorError, match="other parameters"):
        hl.Model("Reaction ~ 1 + (1 | Subject)", hl.load_data("sleepstudy")).power("sigma", values=fit)


def test_a_store_goes_on_to_more(tmp_path: Path):
    ask = {"values": KNOWN, "groups": [3, 5], "seed": 1, "store": tmp_path / "p.jsonl", **FEW}
    assert model().power("b[Days] > 0", n=2, **ask).table["n"].tolist() == [2, 2]
    found = model().power("b[Days] > 0", n=3, **ask)
    assert found.table["n"].tolist() == [3, 3]
    assert (tmp_path / "p.jsonl").read_text(encoding="utf-8").count("\n") == 1 + 6
    pd.testing.assert_frame_equal(found.table, model().power("b[Days] > 0", n=3, **(ask | {"store": None})).table)
    with pytest.raises(StorageError, match="other designs"):
        model().power("b[Days] > 0", n=3, **(ask | {"groups": 3}))


def test_failures_count_as_not_reaching_it(monkeypatch: pytest.MonkeyPatch):
    real = sys.modules["hierlm.replicates.power"].refit

    def refit(made: Any, settings: Any, seed: int) -> Any:
        if seed % 2:
            raise SamplingError("No luck.", hint="")
        return real(made, settings, seed)

    monkeypatch.setattr(sys.modules["hierlm.replicates.power"], "refit", refit)
    found = model().power("b[Days] > 0", values=KNOWN | {"b[Days]": 30.0}, groups=4, n=8, seed=1, **FEW)
    row = found.table.iloc[0]
    assert 0 < row["failed"] < 8
    assert row["power"] == (8 - row["failed"]) / 8
    assert "Failed replicates count as not reaching the target." in repr(found)
    assert f"{int(row['failed'])} of 8 replicates failed" in repr(found)


@pytest.mark.slow
@pytest.mark.statistical
def test_power_is_that_of_the_equations():
    """Wide priors: the z-test of b. A share of 100 is known to 0.05, so that 4 of those fail once in 10⁴."""
    found = model().power("b[Days] > 0", values=KNOWN, groups=12, n=100, seed=3)
    z = 2.0 / np.sqrt(900 / (82.5 * 12))
    assert abs(found.table["power"].item() - norm.sf(1.645 - z)) < 4 * 0.05


def test_what_cannot_be_asked_is_refused():
    ask = model().power
    with pytest.raises(PosteriorError, match="equality"):
        ask("b[Days] = 0", values=KNOWN)
    with pytest.raises(FormulaError, match="Did you mean"):
        ask("b[days] > 0", values=KNOWN)
    with pytest.raises(PosteriorError, match=r"lacks b\[Intercept\]"):
        ask("b[Days]", values={"sigma": 1})
    with pytest.raises(PosteriorError, match="values='posterior' is unknown"):
        ask("b[Days]", values="posterior")
    for bad in ({"groups": 1}, {"groups": "a"}, {"rows": 0}, {"rows": [3, 2.5]}, {"n": 1}):
        with pytest.raises(SamplingError, match="is not a whole number"):
            ask("b[Days]", values=KNOWN, **bad)
    with pytest.raises(PosteriorError, match="no grouping 'S'"):
        ask("b[Days]", values=KNOWN, group="S")
    with pytest.raises(PosteriorError, match="width= goes with a quantity"):
        ask("b[Days] > 0", values=KNOWN, width=3)
    with pytest.raises(PosteriorError, match="width=-1"):
        ask("b[Days]", values=KNOWN, width=-1)
    with pytest.raises(PosteriorError, match="probability=2"):
        ask("b[Days] > 0", values=KNOWN, probability=2)
    with pytest.raises(PosteriorError, match="no groupings"):
        hl.Model("Reaction ~ Days", hl.load_data("sleepstudy")).power("b[Days]", values="prior")
    crossed = hl.Model("diameter ~ 1 + (1 | plate) + (1 | sample)", hl.load_data("Penicillin"))
    with pytest.raises(PosteriorError, match="Say group=, one of: plate, sample"):
        crossed.power("sigma", values="prior")
    flat = hl.Model("Reaction ~ Days + (1 | Subject)", hl.load_data("sleepstudy"), priors={"b": hl.Prior("Flat")})
    with pytest.raises(PriorError, match="improper"):
        flat.power("b[Days]", values="prior")
    A = pd.DataFrame(np.eye(3), index=list("abc"), columns=list("abc"))
    related = hl.Model(
        "y ~ 1 + known(1 | a, A)", {"y": np.arange(9.0), "a": np.repeat(list("abc"), 3)}, matrices={"A": A}
    )
    with pytest.raises(ModelError, match="cannot be copied"):
        related.power("sigma", values="prior")


def test_the_plot_has_a_line_for_each_number_of_rows():
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    found = model().power("b[Days]", values=KNOWN, groups=[3, 6], rows=[2, 4], n=2, seed=1, **FEW)
    picture = found.plot()
    picture.figure.canvas.draw()
    assert [t.get_text() for t in picture.axes[0].get_legend().get_texts()] == ["2 rows each", "4 rows each"]
    plt.close("all")


def test_shares_are_never_certain():
    assert share_error(10, 10) == pytest.approx(share_error(0, 10))
    assert share_error(0, 10) > 0
    assert share_interval(0, 10)[0] == 0.0
    assert share_interval(10, 10) == pytest.approx((0.6915, 1.0), abs=1e-4)  # Clopper & Pearson: 0.025^(1/10)
