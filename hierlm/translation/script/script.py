"""code: the whole script."""

from __future__ import annotations

from hierlm import names
from hierlm.design.predictor import PredictorPlan
from hierlm.errors import TranslationError
from hierlm.model.model import Model
from hierlm.model.values import ModelPredictor, ModelResponse
from hierlm.translation.known import check_known, check_known_model
from hierlm.translation.script.columns import Columns
from hierlm.translation.script.correlations import correlated_response
from hierlm.translation.script.groups import codes_of, effects_of
from hierlm.translation.script.helpers import HELPERS
from hierlm.translation.script.pages import Page, listed
from hierlm.translation.script.priors import scalar, vector
from hierlm.translation.script.responses import distribution, inverse_link

__all__ = ["code"]

INDENT = "    "


def code(model: Model) -> str:
    """A Python script that builds the same model with PyMC alone.

    It defines ``build(data)``, which returns the :class:`pymc.Model <pymc.model.core.Model>` of a pandas table with the
    columns of the model's data, coded in the same way, with the same priors written out as numbers.  Group effects are
    written without centring.  The joint density is that of :attr:`hierlm.Model.pymc` for
    ``parameterization="noncentered"``, variable by variable.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str

    Raises
    ------
    TranslationError
        For what is not written yet: a function of your own, a family, structure or prior that it does not know.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"))
    >>> print(model.code().split("def build")[1])  # doctest: +ELLIPSIS
    (data):
        \"\"\"The model of a table with the columns Yield, Batch.\"\"\"
    ...
    """
    check_known(model.formula, "A script", correlated=True)
    check_known_model(model, "A script")
    page = Page()
    columns = Columns(model.design.schema, page)
    factors = {group: blocks[0].factors for group, blocks in model.groups.items()}
    if model.formula.correlation is not None:
        factors.setdefault(model.formula.correlation.group, model.formula.correlation.factors)
    codes = {group: codes_of(page, model, group, own) for group, own in factors.items()}
    effects = {group: effects_of(page, model, group, columns, codes[group]) for group in model.groups}
    coefficients = _coefficients(page, model)
    free = _free(page, model)
    plans = {plan.key: plan for plan in model.design.schema.predictors}
    for position, response in enumerate(model.responses):
        etas = {}
        for p in model.predictors:
            if p.response == response.name:
                plan = plans[p.response, p.parameter]
                etas[p.parameter] = _predictor(page, columns, model, p, plan, coefficients, codes, effects)
        _observe(page, columns, model, position, response, etas, free, codes)
    left = [a.name for a in model.assignments if a.name not in page.written]
    if left:
        raise TranslationError(f"A script does not write '{left[0]}' yet.", hint="Write the script by hand.")
    return _joined(page, model)


def _coefficients(page: Page, model: Model) -> dict[str, str]:
    """Write ``b``, ``b_sigma``, …: parameter → variable."""
    found = {}
    for parameter in dict.fromkeys(p.parameter for p in model.predictors):
        name, dim = names.common(parameter), names.common_dim(parameter)
        rows = [a for a in model.assignments if a.variable == name]
        if rows:
            labels = [label for p in model.predictors if p.parameter == parameter for label in p.labels]
            page.coords[dim] = listed(labels)
            found[parameter] = page.variable(name)
            vector(page, found[parameter], name, dim, [a.prior for a in rows], range(len(rows)))
            page.written |= {a.name for a in rows}
    return found


def _free(page: Page, model: Model) -> dict[tuple[str, str], str]:
    """Write ``sigma``, ``shape``, …: (response, parameter) → text of its value."""
    found: dict[tuple[str, str], str] = {}
    for parameter in dict.fromkeys(p for r in model.responses for p in r.free):
        owners = [r.name for r in model.responses if parameter in r.free]
        rows = [a for a in model.assignments if a.variable == parameter]
        page.written |= {a.name for a in rows}
        variable = page.variable(parameter)
        if model.responses[0].label is None:
            scalar(page, variable, parameter, rows[0].prior)
            found[owners[0], parameter] = variable
        else:
            dim = names.response_dim(parameter)
            page.coords[dim] = listed(owners)
            vector(page, variable, parameter, dim, [a.prior for a in rows], range(len(rows)))
            found |= {(owner, parameter): f"{variable}[{i}]" for i, owner in enumerate(owners)}
    return found


def _predictor(
    page: Page,
    columns: Columns,
    model: Model,
    predictor: ModelPredictor,
    plan: PredictorPlan,
    coefficients: dict[str, str],
    codes: dict[str, str],
    effects: dict[str, tuple[str, str | None]],
) -> str:
    """Write η = offset + X b + Σ Z r; its variable."""
    own = [p for p in (predictor.response if model.responses[0].label else None, predictor.parameter) if p is not None]
    terms: list[str] = []
    for expression in plan.offsets:
        offset = page.variable("offset")
        page.data.append(f"{offset} = {columns.numbers(expression)}")
        terms.append(offset)
    texts = columns.of(plan.terms)
    if texts:
        X = page.variable("_".join(["X", *(p for p in own if p != names.MEAN)]))
        page.data += [f"{X} = np.column_stack(["]
        labels = [" ".join(label.split()) for label in predictor.labels]
        page.data += [f"{INDENT}{text},  # {label}" for text, label in zip(texts, labels, strict=True)]
        page.data += ["])"]
        b, at = coefficients[predictor.parameter], predictor.columns
        whole = at.start == 0 and sum(p.parameter == predictor.parameter for p in model.predictors) == 1
        terms.append(f"{X} @ {b}" if whole else f"{X} @ {b}[{at.start}:{at.stop}]")
    terms += _group_terms(page, columns, model, predictor, plan, codes, effects)
    eta = page.variable("_".join(["eta", *own]))
    page.model.append(f"{eta} = {' + '.join(terms) if terms else 'pt.zeros(n)'}")
    return eta


def _group_terms(
    page: Page,
    columns: Columns,
    model: Model,
    predictor: ModelPredictor,
    plan: PredictorPlan,
    codes: dict[str, str],
    effects: dict[str, tuple[str, str | None]],
) -> list[str]:
    found = []
    design = model.design.predictors[plan.key]
    for block in model.blocks:
        for piece in block.pieces:
            if (piece.response, piece.parameter) != (predictor.response, predictor.parameter):
                continue
            r, slot = effects[block.group]
            if block.process is not None:
                found.append(f"{r}[{codes[block.group]}, {slot}]")
                continue
            bar = next(i for i, g in enumerate(design.groups) if g is piece.source)
            every = columns.of(plan.bars[bar])
            for k, effect in enumerate(piece.effects):
                place = next(j for j in range(len(every)) if (design.groups[bar].Z[:, j] == piece.Z[:, k]).all())
                term = f"{r}[{codes[block.group]}, {block.columns[effect]}]"
                if every[place] != "np.ones(n)":
                    Z = page.variable(f"Z_{block.group}_{block.effects[effect]}")
                    page.data.append(f"{Z} = {every[place]}")
                    term = f"{Z} * {term}"
                found.append(term)
    return found


def _observe(
    page: Page,
    columns: Columns,
    model: Model,
    position: int,
    response: ModelResponse,
    etas: dict[str, str],
    free: dict[tuple[str, str], str],
    codes: dict[str, str],
) -> None:
    plan = model.design.schema.responses[position]
    design = model.design.responses[position]
    name = names.response_variable(position, response.label is not None)
    y = page.variable(name)
    if design.levels is not None:
        page.data.append(f"{y} = np.equal({columns.labels(plan.expression)}, {response.success!r}).astype(float)")
    else:
        page.data.append(f"{y} = {columns.numbers(plan.expression)}")
    values = {p: free[response.name, p] for p in response.free}
    for parameter, eta in etas.items():
        text = inverse_link(response.links[parameter].name, eta)
        if text == eta:
            values[parameter] = eta
        else:
            values[parameter] = page.variable("_".join(filter(None, [response.label, parameter])))
            page.model.append(f"{values[parameter]} = {text}")
    for addition, expression in plan.additions:
        values[addition] = page.variable(addition)
        page.data.append(f"{values[addition]} = {columns.numbers(expression)}")
    observed = f"{y}.astype(int)" if response.family.discrete else y
    variable = page.variable(f"observed_{name}")
    if model.residual is not None:
        made = correlated_response(page, columns, model, response, values, codes[model.residual.group], name)
        page.model.append(f"{variable} = pm.{made}, observed={observed}, dims='obs')")
        return
    made, arguments = distribution(response, values)
    page.model.append(f"{variable} = pm.{made}({name!r}, {arguments}, observed={observed}, dims='obs')")
    if "weights" in values:
        page.model.append(
            f"pm.Potential({names.data('weighting', name)!r}, "
            f"(({values['weights']} - 1.0) * pm.logp({variable}, {observed})).sum())"
        )


def _joined(page: Page, model: Model) -> str:
    used = list(model.design.schema.table.columns)
    text = [c.name for c in model.design.schema.table.columns.values() if c.kind in ("text", "category")]
    dropped = len(model.design.rows) and int(model.design.rows[-1]) + 1 != model.design.n
    lines = [_docstring(f"The PyMC model of: {' '.join(model.formula.source.split())}"), ""]
    lines += ["import numpy as np", "import pandas as pd", "import pymc as pm", "import pytensor.tensor as pt"]
    lines += [*sorted(page.imports), ""]
    lines += [HELPERS[name].rstrip("\n") + "\n" for name in HELPERS if name in page.helpers]
    lines += ["", "def build(data):"]
    lines += [INDENT + _docstring(f"The model of a table with the columns {', '.join(used)}.")]
    body: list[str] = []
    if dropped:
        body.append(f"data = data.replace([np.inf, -np.inf], np.nan).dropna(subset={listed(used)})")
    body += ["n = len(data)", *page.data]
    coords = ", ".join([f"'obs': np.arange(n), {', '.join(f'{k!r}: {v}' for k, v in page.coords.items())}"])
    body += [f"coords = {{{coords}}}", "with pm.Model(coords=coords) as model:"]
    body += [INDENT + line for line in page.model]
    body += ["return model"]
    lines += [INDENT + line for line in body]
    kinds = f", dtype={{{', '.join(f'{c!r}: str' for c in text)}}}" if text else ""
    lines += ["", "", 'if __name__ == "__main__":', f"{INDENT}import sys", ""]
    lines += [f"{INDENT}with build(pd.read_csv(sys.argv[1]{kinds})):", f"{INDENT}{INDENT}print(pm.sample())", ""]
    return "\n".join(lines)


def _docstring(text: str) -> str:
    """The text as a docstring; names of columns hold anything."""
    plain = text.isprintable() and '"' not in text and "\\" not in text
    return f'"""{text}"""' if plain else repr(text)
