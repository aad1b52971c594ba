"""Correlation functions and blocks of rows, of residuals and of latent residual processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hierlm import names
from hierlm.correlations import Coefficient, Correlation
from hierlm.design.expressions import read_expression
from hierlm.design.factor import Factor
from hierlm.errors import TranslationError
from hierlm.formula.values import ResidualTerm
from hierlm.model.assignment import Assignment
from hierlm.model.model import Model
from hierlm.model.values import ModelResponse
from hierlm.priors.prior import Prior
from hierlm.translation.script.columns import Columns
from hierlm.translation.script.pages import Page, listed
from hierlm.translation.script.priors import scalar, vector

__all__ = ["check_bounds", "coefficients_of", "correlated_response", "matrix_of", "positions_of"]

MATRICES: Mapping[str, str] = {
    "cs": "exchangeable({at}, {c})",
    "ar1": "power(np.rint(distances({at})), {c})",
    "car1": "power(distances({at}), {c})",
    "exp": "spatial(lambda d: pt.exp(-d), {at}, {c})",
    "gau": "spatial(lambda d: pt.exp(-(d**2)), {at}, {c})",
    "ratio": "spatial(lambda d: 1 / (1 + d**2), {at}, {c})",
    "lin": "spatial(lambda d: pt.maximum(1 - d, 0.0), {at}, {c})",
    "sph": "spatial(lambda d: pt.where(pt.lt(d, 1.0), 1 - 1.5 * d + 0.5 * d**3, 0.0), {at}, {c})",
    "mat": "spatial(lambda d: matern(d, {nu}), {at}, {c})",
}
"""Correlation function → the text of R at the positions ``at``, of its coefficients ``c``."""

LAWS: Mapping[str, tuple[str, str, str]] = {
    "gaussian": ("(value - mean) / sd", "normal_law", ""),
    "lognormal": ("(pt.log(value) - mean) / sd", "normal_law", " - pt.log(value).sum()"),
    "student_t": ("(value - mean) / sd", "student_law", ""),
}
"""Family → its standard errors, the law of a block of them, and Σ log |T′(y)| of y = T⁻¹(mean + sd errors)."""


def matrix_of(page: Page, correlation: Correlation, at: str, coefficients: Sequence[str]) -> str:
    """The text of R.

    Raises
    ------
    TranslationError
        For a function that is not written.
    """
    if correlation.name not in MATRICES:
        known = ", ".join(f"{name}()" for name in MATRICES)
        raise TranslationError(
            f"A script does not write the correlation {correlation.name}() yet.", hint=f"It writes {known}."
        )
    text = MATRICES[correlation.name]
    page.need(text.split("(")[0])
    if "matern" in text:
        page.need("matern")
    nu = f"{float(correlation.option('nu')):g}" if "{nu}" in text else ""
    return text.format(at=at, c=", ".join(coefficients), nu=nu)


def positions_of(page: Page, columns: Columns, term: ResidualTerm, code: str, *, ranked: bool) -> str:
    """Write where every row was taken, (n, d); its rank in its block where the formula names no position.

    Parameters
    ----------
    ranked : bool
        Whether rows without positions are told apart though the function does not depend on them.
    """
    variable = page.variable(f"at_{term.group or 'residual'}")
    if not term.positions:
        if ranked or term.needs != "nothing":
            page.need("ranks")
        text = f"ranks({code})[:, None]" if ranked or term.needs != "nothing" else "np.zeros((n, 1))"
        page.data.append(f"{variable} = {text}")
        return variable
    texts = []
    for expression in map(read_expression, term.positions):
        value = columns.on.value(expression)
        if isinstance(value, Factor):
            page.need("codes")
            texts.append(f"codes({columns.labels(expression)}, {listed(value.levels)})")
        else:
            texts.append(columns.numbers(expression))
    page.data.append(f"{variable} = np.column_stack([{', '.join(texts)}]).astype(float)")
    return variable


def check_bounds(rows: Sequence[Assignment]) -> None:
    """Refuse priors that the model cuts off.

    Raises
    ------
    TranslationError
    """
    for row in rows:
        if isinstance(row.prior, Prior):
            lower, upper = row.prior.support
            if lower < row.bounds[0] or upper > row.bounds[1]:
                raise TranslationError(
                    f"A script does not write the prior {row.prior} of '{row.name}', which is cut off at "
                    f"{row.bounds[0]:g} and {row.bounds[1]:g}.",
                    hint="Give a prior with these bounds, TruncatedNormal or Uniform.",
                )


def _written(page: Page, model: Model) -> str:
    """Write ``rescor``; its variable."""
    assert model.residual is not None
    rows = [a for a in model.assignments if a.variable == names.RESIDUAL]
    check_bounds(rows)
    page.written |= {a.name for a in rows}
    page.coords[names.RESIDUAL_DIM] = listed(model.residual.labels)
    variable = page.variable(names.RESIDUAL)
    vector(page, variable, names.RESIDUAL, names.RESIDUAL_DIM, [a.prior for a in rows], range(len(rows)))
    return variable


def correlated_response(
    page: Page, columns: Columns, model: Model, response: ModelResponse, values: Mapping[str, str], code: str, y: str
) -> str:
    """The distribution of all rows together, ``pm.CustomDist`` without its observed values.

    Parameters
    ----------
    values : mapping of str to str
        Parameter → its text.
    code : str
        The variable with the block of every row.
    y : str
        The name of the response's variable in the model.
    """
    residual, term = model.residual, model.formula.correlation
    assert residual is not None
    assert term is not None
    errors, law, slope = LAWS[response.family.name]
    at = positions_of(page, columns, term, code, ranked=False)
    page.need("blocks", law)
    parts = page.variable("parts")
    page.data.append(f"{parts} = blocks({code}, {at})")
    rescor = _written(page, model)
    own = [values[p] for p in response.family.errors.parameters] if response.family.errors else []
    names_of = ["mean", "sd", *(f"p{i}" for i in range(len(own))), "rescor"]
    R = matrix_of(page, residual.correlation, "at", [f"rescor[{i}]" for i in range(len(residual.labels))])
    function = page.variable("density")
    page.model += [
        f"def {function}(value, {', '.join(names_of)}):",
        f"    errors = {errors}",
        f"    law = {law}({', '.join(n for n in names_of if n.startswith('p'))})",
        f"    return block_density(errors, {parts}, lambda at: {R}, law) - pt.log(sd).sum(){slope}",
    ]
    signature = ",".join(["(n)", "(n)", *("()" for _ in own), "(k)"]) + "->(n)"
    scale = str(response.family.residual_scale)
    arguments = [f"{values[names.MEAN]} + pt.zeros(n)", f"{values[scale]} + pt.zeros(n)", *own, rescor]
    return f"CustomDist({y!r}, {', '.join(arguments)}, logp={function}, signature={signature!r}"


def coefficients_of(page: Page, model: Model, group: str, coefficients: Sequence[Coefficient]) -> list[str]:
    """Write the coefficients of a latent process, one number each; their variables."""
    found = []
    for c in coefficients:
        name = names.coefficient(c.name, group)
        rows = [a for a in model.assignments if a.variable == name]
        check_bounds(rows)
        if len(rows) != 1 or rows[0].label is not None:
            raise TranslationError(f"A script does not write '{name}' yet.", hint="Write the script by hand.")
        page.written.add(rows[0].name)
        found.append(page.variable(name))
        scalar(page, found[-1], name, rows[0].prior)
    return found
