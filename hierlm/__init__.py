"""Bayesian mixed models from a formula, on PyMC.

>>> import hierlm as hl
>>> data = hl.load_data("sleepstudy")
>>> model = hl.Model("Reaction ~ Days + (Days | Subject)", data)
>>> fit = model.fit(seed=1)  # doctest: +SKIP

A public name is imported from its module when it is first used, so ``import hierlm`` costs next to nothing and brings
in neither PyMC, nor a sampler, nor matplotlib.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if sys.version_info < (3, 12):  # noqa: UP036  pip refuses, but a checkout on the path comes this far
    raise ImportError(
        f"hierlm needs Python 3.12, 3.13 or 3.14, and this is {sys.version_info[0]}.{sys.version_info[1]}, "
        f"{sys.executable}.\n"
        "Make an environment with a newer one (python3.13 -m venv .venv), or run: make demo"
    )

if TYPE_CHECKING:  # what a type checker and an editor see; tests/architecture holds it equal to _MODULE_OF
    from hierlm.covariances.pedigree import pedigree as pedigree
    from hierlm.covariances.phylogeny import phylogeny as phylogeny
    from hierlm.datasets import list_data as list_data, load_data as load_data
    from hierlm.errors import (
        ConvergenceWarning as ConvergenceWarning,
        DataError as DataError,
        DataWarning as DataWarning,
        FormulaError as FormulaError,
        HierlmError as HierlmError,
        HierlmWarning as HierlmWarning,
        InterruptedWarning as InterruptedWarning,
        ModelError as ModelError,
        PosteriorError as PosteriorError,
        PredictionError as PredictionError,
        PriorError as PriorError,
        SamplingError as SamplingError,
        StorageError as StorageError,
        TranslationError as TranslationError,
    )
    from hierlm.fit import Fit as Fit
    from hierlm.model import Model as Model
    from hierlm.posterior.coef import coef as coef
    from hierlm.posterior.comparison.compare import compare as compare
    from hierlm.posterior.diagnose import diagnose as diagnose
    from hierlm.posterior.effects.comparisons import comparisons as comparisons
    from hierlm.posterior.effects.grid import grid as grid
    from hierlm.posterior.effects.marginal_means import contrasts as contrasts, marginal_means as marginal_means
    from hierlm.posterior.effects.predictions import predictions as predictions
    from hierlm.posterior.effects.slopes import slopes as slopes
    from hierlm.posterior.fixef import fixef as fixef
    from hierlm.posterior.frames.augment import augment as augment
    from hierlm.posterior.frames.glance import glance as glance
    from hierlm.posterior.frames.paper import table as table
    from hierlm.posterior.frames.tidy import tidy as tidy
    from hierlm.posterior.group_variance import group_variance as group_variance
    from hierlm.posterior.hypotheses.hypothesis import hypothesis as hypothesis
    from hierlm.posterior.icc import icc as icc
    from hierlm.posterior.loglik import log_likelihood as log_likelihood
    from hierlm.posterior.marginal_likelihood.bayes_factor import bayes_factor as bayes_factor
    from hierlm.posterior.marginal_likelihood.evidence import evidence as evidence
    from hierlm.posterior.predict import predict as predict
    from hierlm.posterior.r2 import r2 as r2
    from hierlm.posterior.ranef import ranef as ranef
    from hierlm.posterior.shrinkage import shrinkage as shrinkage
    from hierlm.posterior.smooths import smooths as smooths
    from hierlm.posterior.summary import summary as summary
    from hierlm.posterior.varcorr import varcorr as varcorr
    from hierlm.posterior.variance_shares import variance_shares as variance_shares
    from hierlm.priors import (
        LKJ as LKJ,
        R2D2M2 as R2D2M2,
        Horseshoe as Horseshoe,
        Prior as Prior,
        TotalVariance as TotalVariance,
        penalised_complexity as penalised_complexity,
    )
    from hierlm.replicates.variance_test import variance_test as variance_test
    from hierlm.storage import load as load
    from hierlm.translation.translate import translate as translate

__version__ = "0.1.0"

_MODULE_OF = {
    "Fit": "hierlm.fit",
    "Horseshoe": "hierlm.priors",
    "LKJ": "hierlm.priors",
    "R2D2M2": "hierlm.priors",
    "TotalVariance": "hierlm.priors",
    "Model": "hierlm.model",
    "Prior": "hierlm.priors",
    "coef": "hierlm.posterior.coef",
    "table": "hierlm.posterior.frames.paper",
    "augment": "hierlm.posterior.frames.augment",
    "glance": "hierlm.posterior.frames.glance",
    "tidy": "hierlm.posterior.frames.tidy",
    "hypothesis": "hierlm.posterior.hypotheses.hypothesis",
    "slopes": "hierlm.posterior.effects.slopes",
    "predictions": "hierlm.posterior.effects.predictions",
    "marginal_means": "hierlm.posterior.effects.marginal_means",
    "grid": "hierlm.posterior.effects.grid",
    "group_variance": "hierlm.posterior.group_variance",
    "contrasts": "hierlm.posterior.effects.marginal_means",
    "comparisons": "hierlm.posterior.effects.comparisons",
    "compare": "hierlm.posterior.comparison.compare",
    "diagnose": "hierlm.posterior.diagnose",
    "bayes_factor": "hierlm.posterior.marginal_likelihood.bayes_factor",
    "evidence": "hierlm.posterior.marginal_likelihood.evidence",
    "fixef": "hierlm.posterior.fixef",
    "icc": "hierlm.posterior.icc",
    "list_data": "hierlm.datasets",
    "load": "hierlm.storage",
    "load_data": "hierlm.datasets",
    "log_likelihood": "hierlm.posterior.loglik",
    "pedigree": "hierlm.covariances.pedigree",
    "phylogeny": "hierlm.covariances.phylogeny",
    "penalised_complexity": "hierlm.priors",
    "predict": "hierlm.posterior.predict",
    "r2": "hierlm.posterior.r2",
    "ranef": "hierlm.posterior.ranef",
    "shrinkage": "hierlm.posterior.shrinkage",
    "smooths": "hierlm.posterior.smooths",
    "summary": "hierlm.posterior.summary",
    "translate": "hierlm.translation.translate",
    "varcorr": "hierlm.posterior.varcorr",
    "variance_shares": "hierlm.posterior.variance_shares",
    "variance_test": "hierlm.replicates.variance_test",
    "ConvergenceWarning": "hierlm.errors",
    "DataError": "hierlm.errors",
    "DataWarning": "hierlm.errors",
    "FormulaError": "hierlm.errors",
    "HierlmError": "hierlm.errors",
    "HierlmWarning": "hierlm.errors",
    "InterruptedWarning": "hierlm.errors",
    "ModelError": "hierlm.errors",
    "PosteriorError": "hierlm.errors",
    "PredictionError": "hierlm.errors",
    "PriorError": "hierlm.errors",
    "SamplingError": "hierlm.errors",
    "StorageError": "hierlm.errors",
    "TranslationError": "hierlm.errors",
}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """The public name ``name``, from its module; remembered, so that it is looked up once."""
    if name not in _MODULE_OF:
        from hierlm.elsewhere import MODULE, lost

        raise lost(sys.modules[__name__], name, MODULE)
    try:
        value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    except ModuleNotFoundError as missing:
        missing.add_note(
            f"hierlm stands on '{missing.name}', which is not installed for {sys.executable}.\n"
            "Install hierlm with what it needs: pip install hierlm; from a checkout: pip install -e ."
        )
        raise
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
