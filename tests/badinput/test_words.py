"""Words of other packages are answered with hierlm's, and what answers exists."""

from __future__ import annotations

import copy
import pickle
import re
from functools import cached_property

import pytest

import hierlm as hl
from hierlm import elsewhere
from tests.docs.test_named import wrong
from tests.synthetic import synthetic_fit

FORMULA = "Reaction ~ Days + (1 | Subject)"


@pytest.fixture(scope="module")
def model() -> hl.Model:
    return hl.Model(FORMULA, hl.load_data("sleepstudy"))


@pytest.fixture(scope="module")
def fit(model: hl.Model) -> hl.Fit:
    return synthetic_fit(model, draws=5)


@pytest.mark.parametrize("name", ["lmer", "brm", "poisson", "anova", "set_prior", "VarCorr"])
def test_functions(name: str):
    with pytest.raises(AttributeError, match=f"hierlm has no '{name}'. Write .*hl|fit"):
        getattr(hl, name)


def test_a_model_is_no_fit_yet(model: hl.Model):
    for ask in (hl.summary, hl.varcorr, lambda m: m.summary(), lambda m: m.posterior):
        with pytest.raises(AttributeError, match=r"model\.fit\(seed=1\)"):
            ask(model)


@pytest.mark.parametrize(
    ("name", "ours"), [("confint", "fit.summary"), ("waic", "fit.loo"), ("trace", "fit.posterior")]
)
def test_of_a_fit(fit: hl.Fit, name: str, ours: str):
    with pytest.raises(AttributeError, match=ours) as caught:
        getattr(fit, name)
    assert (caught.value.name, caught.value.obj) == (name, fit), "Python looks for near names with these"
    assert not hasattr(fit, name)


def test_of_plots(fit: hl.Fit):
    with pytest.raises(AttributeError, match=r"fit\.plot\.caterpillar"):
        fit.plot.dotplot("Subject")
    with pytest.raises(AttributeError, match=r"dir\(fit\.plot\)"):
        fit.plot.pie()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"weights": "w"}, r"y \| weights\(w\)"),
        ({"REML": False}, "no REML"),
        ({"prior": {}}, "priors="),
        ({"familly": "poisson"}, "no argument 'familly'"),
        ({"residuals": "ar1"}, "Did you mean 'residual'"),
        ({"draws": 10}, r"model\.fit"),
    ],
)
def test_arguments_of_a_model(given: dict[str, object], said: str):
    with pytest.raises(hl.ModelError, match=said):
        hl.Model(FORMULA, hl.load_data("sleepstudy"), **given)


def test_answers_exist():
    tables = (elsewhere.MODULE, elsewhere.FIT, elsewhere.PLOTS)
    answers = {answer for table in tables for answer in table.values()}
    codes = {
        code
        for answer in answers
        for code in re.findall(r"(?:fit|hl|az)\.[a-z_A-Z.]+(?:\((?:[^()]|\([^()]*\))*\))?", answer)
    }
    assert len(codes) > 15
    assert not [said for code in codes for said in wrong(code.replace("…", "..."))]
    own = {"hierlm": (hl, elsewhere.MODULE), "fit": (hl.Fit, elsewhere.FIT), "plots": (hl.Fit.plot, elsewhere.PLOTS)}
    for owner, words in own.values():
        assert not [name for name in words if name in dir(owner) and name in getattr(hl, "__all__", ())]
    for name in elsewhere.MODEL_ARGUMENTS:
        assert name not in hl.Model.__init__.__annotations__, name


def test_copies_and_pickles_are_as_before(model: hl.Model, fit: hl.Fit):
    assert copy.copy(fit).model is model
    assert copy.deepcopy(fit.provenance) == fit.provenance
    assert pickle.loads(pickle.dumps(model.formula)) == model.formula
    assert type(copy.copy(model)) is hl.Model


def test_a_property_that_fails_says_itself_why():
    class Part(elsewhere.Guided):
        @cached_property
        def broken(self) -> int:
            return None.nothing  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'nothing'"):
        _ = Part().broken
