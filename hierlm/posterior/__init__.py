"""Questions to a fit, one a file: tables, diagnostics, predictions."""

from hierlm.posterior import display
from hierlm.posterior.coef import coef
from hierlm.posterior.comparison import Comparison, Elpd, compare, kfold, loo, reloo
from hierlm.posterior.diagnose import Diagnosis, diagnose
from hierlm.posterior.fixef import fixef
from hierlm.posterior.icc import icc
from hierlm.posterior.loglik import log_likelihood
from hierlm.posterior.predict import Prediction, predict
from hierlm.posterior.predictive import posterior_predictive, prior_predictive
from hierlm.posterior.r2 import r2
from hierlm.posterior.ranef import ranef
from hierlm.posterior.shrinkage import Shrinkage, shrinkage
from hierlm.posterior.smooths import smooths
from hierlm.posterior.summary import Summary, summary
from hierlm.posterior.varcorr import VarCorr, varcorr

__all__ = [
    "Comparison",
    "Diagnosis",
    "Elpd",
    "Prediction",
    "Shrinkage",
    "Summary",
    "VarCorr",
    "coef",
    "compare",
    "diagnose",
    "display",
    "fixef",
    "icc",
    "kfold",
    "log_likelihood",
    "loo",
    "posterior_predictive",
    "predict",
    "prior_predictive",
    "r2",
    "ranef",
    "reloo",
    "shrinkage",
    "smooths",
    "summary",
    "varcorr",
]
