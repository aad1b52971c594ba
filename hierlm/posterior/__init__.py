"""Questions to a fit, one a file: tables, diagnostics, predictions."""

from hierlm.posterior import display
from hierlm.posterior.checking import check, check_residuals, influence, residuals
from hierlm.posterior.coef import coef
from hierlm.posterior.comparison import Comparison, Elpd, compare, kfold, loo, reloo
from hierlm.posterior.diagnose import Diagnosis, diagnose
from hierlm.posterior.effective_parameters import effective_parameters
from hierlm.posterior.effects import Effects, comparisons, contrasts, grid, marginal_means, predictions, slopes
from hierlm.posterior.fixef import fixef
from hierlm.posterior.frames import augment, glance, table, tidy
from hierlm.posterior.group_variance import GroupVariance, group_variance
from hierlm.posterior.hypotheses import Hypothesis, hypothesis
from hierlm.posterior.icc import icc
from hierlm.posterior.loglik import log_likelihood
from hierlm.posterior.marginal_likelihood import BayesFactor, Evidence, bayes_factor, evidence
from hierlm.posterior.predict import Prediction, predict
from hierlm.posterior.predictive import posterior_predictive, prior_predictive
from hierlm.posterior.priors import Overlap, Sensitivity, prior_check, prior_overlap, sensitivity
from hierlm.posterior.r2 import r2
from hierlm.posterior.ranef import ranef
from hierlm.posterior.ranks import Ranks, ranks
from hierlm.posterior.repeatability import repeatability
from hierlm.posterior.shrinkage import Shrinkage, shrinkage
from hierlm.posterior.smooths import smooths
from hierlm.posterior.summary import Summary, summary
from hierlm.posterior.update_group import update_group
from hierlm.posterior.updated_group import UpdatedGroup
from hierlm.posterior.varcorr import VarCorr, varcorr
from hierlm.posterior.variance_shares import variance_shares

__all__ = [
    "BayesFactor",
    "Comparison",
    "Diagnosis",
    "Effects",
    "Elpd",
    "Evidence",
    "GroupVariance",
    "Hypothesis",
    "Overlap",
    "Prediction",
    "Ranks",
    "Sensitivity",
    "Shrinkage",
    "Summary",
    "UpdatedGroup",
    "VarCorr",
    "augment",
    "bayes_factor",
    "check",
    "check_residuals",
    "coef",
    "compare",
    "comparisons",
    "contrasts",
    "diagnose",
    "display",
    "effective_parameters",
    "evidence",
    "fixef",
    "glance",
    "grid",
    "group_variance",
    "hypothesis",
    "icc",
    "influence",
    "kfold",
    "log_likelihood",
    "loo",
    "marginal_means",
    "posterior_predictive",
    "predict",
    "predictions",
    "prior_check",
    "prior_overlap",
    "prior_predictive",
    "r2",
    "ranef",
    "ranks",
    "reloo",
    "repeatability",
    "residuals",
    "sensitivity",
    "shrinkage",
    "slopes",
    "smooths",
    "summary",
    "table",
    "tidy",
    "update_group",
    "varcorr",
    "variance_shares",
]
