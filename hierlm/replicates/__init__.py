"""A study again and again: data drawn from a model, fitted, and what that says about the model or the design."""

from hierlm.replicates.bootstrap import Bootstrap, bootstrap
from hierlm.replicates.calibrate import calibrate
from hierlm.replicates.calibration import Calibration
from hierlm.replicates.curve import Power
from hierlm.replicates.power import power
from hierlm.replicates.recover import Recovery, recover
from hierlm.replicates.variance_answer import VarianceTest
from hierlm.replicates.variance_test import variance_test

__all__ = [
    "Bootstrap",
    "Calibration",
    "Power",
    "Recovery",
    "VarianceTest",
    "bootstrap",
    "calibrate",
    "power",
    "recover",
    "variance_test",
]
