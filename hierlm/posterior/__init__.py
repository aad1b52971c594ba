"""Questions to a fit, one a file: tables, diagnostics, predictions."""

from hierlm.posterior import display
from hierlm.posterior.coef import coef
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
    "Diagnosis",
    "Prediction",
    "Shrinkage",
    "Summary",
    "VarCorr",
    "coef",
    "diagnose",
    "display",
    "fixef",
    "icc",
    "log_likelihood",
    "posterior_predictive",
    "predict",
    "prior_predictive",
    "r2",
    "ranef",
    "shrinkage",
    "smooths",
    "summary",
    "varcorr",
]
