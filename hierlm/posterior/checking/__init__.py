"""Does the fit describe the data: replicated data, residuals, tests, influence."""

from hierlm.posterior.checking.check import Checks, check
from hierlm.posterior.checking.check_residuals import check_residuals
from hierlm.posterior.checking.influence import influence
from hierlm.posterior.checking.residuals import residuals

__all__ = ["Checks", "check", "check_residuals", "influence", "residuals"]
