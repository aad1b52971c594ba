"""The only maker of variable and dimension names; nobody parses a name back.

Draws, priors, summaries and errors use the same names::

    b[Days]   b_sigma[Intercept]   sd_Subject[Days]   cor_Subject[Intercept, Days]   r_Subject[308, Days]   sigma

Raw column names of predictors and responses live in coordinate labels only, so a column called
``mu`` or ``sigma`` is harmless.
"""

from __future__ import annotations

MEAN = "mu"
INTERCEPT = "Intercept"
OBS = "obs"
RESIDUAL, RESIDUAL_DIM = "rescor", "coefficient"
"""Coefficients of residual correlation, ``rescor[phi]``, and their dimension."""
VARIANCE, VARIANCE_DIM = "varfun", "variance"
"""Parameters of variance functions, ``varfun[varPower(x)]``, and their dimension."""
CATEGORY = "category"
UNITS = "units"
EVERYTHING = "all rows"
"""The one block, and its label, of correlated residuals that have no grouping."""
DRAWN, INDEPENDENTLY = "drawn", "anew and exactly for every draw of the rest"
"""Attribute of variables that are not sampled by a chain, and its value."""


def safe(text: str) -> str:
    """``text`` as part of a variable name: PyMC and DataTree refuse ``/`` and a trailing ``:``."""
    return text.replace("/", "∕").replace("\n", " ").rstrip(":") or "_"


def _in_dimension(group: str) -> str:
    """``group`` as part of a dimension's name: nutpie joins dimensions by commas, and takes them apart there."""
    return safe(group).replace(",", "‚")


def group_label(factors: tuple[str, ...]) -> str:
    """The name of a grouping: ``("batch", "cask")`` → ``"batch:cask"``."""
    return ":".join(factors)


def membership_label(factors: tuple[str, ...]) -> str:
    """The name of a multi-membership grouping: ``("g1", "g2")`` → ``"mm(g1,g2)"``."""
    return f"mm({','.join(factors)})"


def cell_label(levels: tuple[str, ...]) -> str:
    """The name of one cell of a grouping: ``("A", "a")`` → ``"A:a"``."""
    return ":".join(levels)


def effect_label(response: str | None, parameter: str, effect: str) -> str:
    """An effect's label: bare for the mean of a single response, else ``"sigma:Intercept"``, ``"y2:Intercept"``.

    Parameters
    ----------
    response : str or None
        The response's name in a model of several responses; None when there is only one.
    """
    parts = [p for p in (response, None if parameter == MEAN else parameter) if p is not None]
    return ":".join([*parts, effect])


def process_label(place: str) -> str:
    """The value of a latent residual process at a place: ``residual[3]``."""
    return f"residual[{place}]"


def common(parameter: str) -> str:
    """Common effects of a distributional parameter: ``b``, ``b_sigma``."""
    return "b" if parameter == MEAN else f"b_{parameter}"


def common_dim(parameter: str) -> str:
    """Dimension of :func:`common`: ``coef``, ``coef_sigma``."""
    return "coef" if parameter == MEAN else f"coef_{parameter}"


def sd(group: str) -> str:
    """Group standard deviations: ``sd_Subject``."""
    return f"sd_{safe(group)}"


def scale(group: str) -> str:
    """Coefficients of a grouping's standard deviations, on their logarithm: ``b_sd_Subject``."""
    return f"b_sd_{safe(group)}"


def scale_dim(group: str) -> str:
    """Dimension of :func:`scale`: ``coef_sd_Subject``."""
    return f"coef_sd_{_in_dimension(group)}"


def cor(group: str) -> str:
    """Group correlation matrix: ``cor_Subject``."""
    return f"cor_{safe(group)}"


def coefficient(name: str, group: str) -> str:
    """A coefficient of a group's covariance structure: ``rho_Subject``, ``loading_Subject``."""
    return f"{name}_{safe(group)}"


def row_dim(variable: str) -> str:
    """Dimension over the rows of a :func:`coefficient`: ``row_rho_Subject``."""
    return f"row_{variable}"


def effects(group: str) -> str:
    """Group effects: ``r_Subject``."""
    return f"r_{safe(group)}"


def effect_dim(group: str) -> str:
    """Dimension over the effects of a grouping: ``effect_Subject``."""
    return f"effect_{_in_dimension(group)}"


def effect_dim2(group: str) -> str:
    """Second dimension of a correlation matrix: ``effect2_Subject``."""
    return f"effect2_{_in_dimension(group)}"


def correlated_dim(group: str) -> str:
    """Dimension of a correlation matrix that is about some effects only: ``cor_effect_Subject``."""
    return f"cor_effect_{safe(group)}"


def correlated_dim2(group: str) -> str:
    """Its second dimension: ``cor_effect2_Subject``."""
    return f"cor_effect2_{safe(group)}"


def level_dim(group: str) -> str:
    """Dimension over the levels of a grouping: ``level_Subject``."""
    return f"level_{_in_dimension(group)}"


def member_dim(group: str) -> str:
    """Dimension over the levels that a row belongs to, of a multi-membership: ``member_mm(g1‚g2)``."""
    return f"member_{_in_dimension(group)}"


def response_dim(parameter: str) -> str:
    """Dimension over responses of a free family parameter in a model of several responses."""
    return f"response_{parameter}"


def element_dim(parameter: str) -> str:
    """Dimension of a family parameter of several elements: ``element_thresholds``."""
    return f"element_{parameter}"


def between(lower: str, upper: str) -> str:
    """The threshold between two neighbouring categories: ``low|high``."""
    return f"{lower}|{upper}"


def offset_effects(group: str, part: int) -> str:
    """Standardised effects of a non-centred block (internal): ``z_Subject``, ``z_Subject_1``."""
    return f"z_{safe(group)}" + (f"_{part}" if part else "")


def internal(name: str, part: int | str) -> str:
    """An internal variable that users never see: ``sd_Subject__0``."""
    return f"{name}__{part}"


def is_internal(name: str) -> bool:
    """Whether a variable is internal to sampling (made by :func:`offset_effects` or :func:`internal`)."""
    return name.startswith("z_") or "__" in name


def element(variable: str, *labels: str) -> str:
    """``b[Days]``, ``cor_Subject[Intercept, Days]``; the bare variable without labels."""
    return f"{variable}[{', '.join(labels)}]" if labels else variable


def response_variable(position: int, several: bool) -> str:
    """The observed variable: ``y``, or ``y_1``, ``y_2`` in a model of several responses."""
    return f"y_{position + 1}" if several else "y"


def data(kind: str, *labels: str | None) -> str:
    """A data container of the graph: ``X``, ``X_sigma``, ``index_Subject``, ``Z_Subject``, ``observed_y``."""
    return "_".join([kind, *(safe(part) for part in labels if part not in (None, MEAN))])


def sd_dim(group: str) -> str:
    """Dimension of the sds where some effects have none of their own (``cor``): ``sd_effect_Subject``."""
    return f"sd_effect_{_in_dimension(group)}"


def hyper(kind: str, variable: str | None = None) -> str:
    """A hyperparameter of a joint prior: ``global_b``, ``local_b``; ``R2`` and ``share`` without a variable."""
    return kind if variable is None else f"{kind}_{variable}"
