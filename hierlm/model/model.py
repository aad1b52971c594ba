"""Model: what the user asked for, resolved to objects, before any sampling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import pandas as pd

from hierlm.correlations import POSITIONS
from hierlm.covariances import NEEDS, STRUCTURES
from hierlm.covariances.handed import relations_of
from hierlm.design import build
from hierlm.design.table import available
from hierlm.design.values import Design, LevelScale
from hierlm.elsewhere import known_arguments
from hierlm.formula import parse
from hierlm.formula.values import Formula
from hierlm.model import describe
from hierlm.model.assign import Assignment, assign_priors
from hierlm.model.blocks import group_blocks
from hierlm.model.checks import (
    check_intercepts,
    check_left_sides,
    check_matrices,
    check_residual,
    warn_unidentified,
)
from hierlm.model.group_scales import scale_rows, scaled_blocks
from hierlm.model.kernel_cache import readable_kernels
from hierlm.model.options import Options, checked_functions
from hierlm.model.parameterization import choose_centring
from hierlm.model.prior_questions import PriorChecks
from hierlm.model.processes import with_process
from hierlm.model.residuals import ResidualCorrelation, residual_correlation
from hierlm.model.smooths import smooth_blocks
from hierlm.model.specify import FamilyChoice, LinkChoice, families_of, predictors_of, responses_of
from hierlm.model.values import GroupBlock, ModelPredictor, ModelResponse

if TYPE_CHECKING:
    import pymc as pm

    from hierlm.fit import Fit
    from hierlm.graph import Picture
    from hierlm.reductions import Plan
    from hierlm.replicates import Calibration, Power, Recovery

__all__ = ["Model", "Options"]


@final
class Model(PriorChecks):
    """A Bayesian mixed model: formula, data, family and priors, read and checked.

    Nothing is sampled or compiled; everything that is wrong with formula, data, family or priors is said here.

    Parameters
    ----------
    formula : str or sequence of str
        ``"Reaction ~ Days + (Days | Subject)"``; several formulas predict further parameters (``"sigma ~ x"``)
        or responses.
    data : pandas, polars or pyarrow table, or mapping of columns
    family : str, Family, or one a response, default "gaussian"
        ``"poisson"``, ``"binomial(probit)"``, a peer's name (``"nbinom2"``) …
    link : str or mapping, optional
        The link of the mean, or of parameters by name.
    priors : mapping, optional
        Priors by the names of :meth:`priors`: ``{"b": hl.Prior("Normal", mu=0, sigma=5), "sd_Subject[Days]": …,
        "cor_Subject": hl.LKJ(2), "sigma": 25.0}``; a number holds a parameter fixed.
    random : str, optional
        Group terms in MCMCglmm's dialect: ``"us(1 + Days):Subject"``.
    residual : str, optional
        Correlation of residuals within groups, ``"ar1(time | subject)"``, ``"exp(lat + lon | field, nugget=True)"``;
        a latent process on the linear predictor where the family has no residuals of its own. Or MCMCglmm's
        ``"units"`` and ``"idh(trt):units"``.
    missing : {"error", "drop"}
        What to do with rows that lack a value.
    parameterization : {"auto", "centered", "noncentered"} or mapping by grouping
        How group effects are sampled; never changes the model.
    extra : mapping of str to function, optional
        Functions of your own that the formula may call.
    matrices : mapping of str to data frame or relation, optional
        Covariances that the formula names, ``known(1 | animal, A)`` and ``propto(0 + f | g, K)``: data frames with the
        labels as index and columns, :func:`hl.pedigree <hierlm.covariances.pedigree.pedigree>` or :func:`hl.phylogeny
        <hierlm.covariances.phylogeny.phylogeny>`. Labels are matched by name.

    Attributes
    ----------
    formula : hierlm.formula.values.Formula
        The formula as read; its ``text`` is what was typed.
    design : hierlm.design.values.Design
        Its arrays, and the schema that codes new data in the same way.
    responses, predictors, blocks : tuple
        The parts of the model: outcomes with their families and links, a linear predictor for each parameter, and
        group terms with their covariance structures.
    smooths : tuple
        The penalised parts of smooth terms, each a block with one level and one standard deviation; no grouping.
    scales : mapping
        Groupings whose standard deviations have a formula, ``sd(g) ~ z``, and what those of each level depend on.
    residual : ResidualCorrelation or None
        How residuals are correlated: the function, the block and the position of every row, and its coefficients.
    assignments : tuple
        The prior of every parameter; :meth:`priors` shows them as a table.
    options : Options
        The arguments as given.

    Raises
    ------
    FormulaError, DataError, ModelError, PriorError

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    >>> [block.effects for block in model.blocks]
    [('Intercept', 'Days')]
    """

    formula: Formula
    design: Design
    responses: tuple[ModelResponse, ...]
    predictors: tuple[ModelPredictor, ...]
    blocks: tuple[GroupBlock, ...]
    smooths: tuple[GroupBlock, ...]
    scales: Mapping[str, LevelScale]
    residual: ResidualCorrelation | None
    assignments: tuple[Assignment, ...]
    options: Options

    @known_arguments
    def __init__(
        self,
        formula: str | Sequence[str],
        data: Any,
        family: FamilyChoice = "gaussian",
        *,
        link: LinkChoice = None,
        priors: Mapping[str, object] | None = None,
        random: str | None = None,
        residual: str | None = None,
        missing: str = "error",
        parameterization: str | Mapping[str, str] = "auto",
        extra: Mapping[str, Callable[..., Any]] | None = None,
        matrices: Mapping[str, Any] | None = None,
    ) -> None:
        chosen = families_of(family)
        known = {p.name for f, _ in chosen for p in f.parameters}
        functions, relations = checked_functions(extra), relations_of(matrices)
        parsed = parse(
            formula,
            random=random,
            residual=residual,
            parameters=known,
            structures=STRUCTURES,
            functions=tuple(functions),
            needs=NEEDS,
            correlations=POSITIONS,
        )
        parsed = with_process(parsed, [f for f, _ in chosen])
        check_matrices(parsed, relations)
        check_left_sides(parsed, available(data), [f for f, _ in chosen])
        related, ordinal = {k: r.labels for k, r in relations.items()}, any(f.ordinal for f, _ in chosen)
        design = build(parsed, data, missing=missing, extra=functions, related=related, every_category=ordinal)
        check_residual(parsed, design.schema)
        responses = responses_of(design, chosen, link)
        predictors = predictors_of(design, responses)
        check_intercepts(predictors, responses)
        blocks = group_blocks(design, responses, relations)
        correlation = residual_correlation(design, responses, blocks)
        centring = choose_centring(parameterization, blocks, predictors, responses, correlation)
        blocks = tuple(replace(b, centred=c) for b, c in zip(blocks, centring, strict=True))
        blocks = scaled_blocks(design, blocks, parameterization)
        smooths = smooth_blocks(design, responses, [b.group for b in blocks])
        given, scales = {} if priors is None else priors, scale_rows(design)
        assignments = assign_priors(responses, predictors, blocks, given, smooths, scales, correlation)
        warn_unidentified(responses, predictors, blocks, assignments)
        self.__dict__.update(
            formula=parsed,
            design=design,
            responses=responses,
            predictors=predictors,
            blocks=blocks,
            smooths=smooths,
            scales=design.scales,
            residual=correlation,
            assignments=assignments,
            options=Options(
                family, link, dict(priors or {}), random, residual, missing, parameterization, functions, relations
            ),
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"A Model cannot be changed ('{name}'). Make another one: hl.Model(…).")

    @property
    def data(self) -> Any:
        """The columns that the model uses (a :class:`hierlm.design.table.Table`), rows with missing values included."""
        return self.design.schema.table

    @property
    def groups(self) -> dict[str, tuple[GroupBlock, ...]]:
        """The blocks of every grouping, in the order typed."""
        return {g: tuple(b for b in self.blocks if b.group == g) for g in dict.fromkeys(b.group for b in self.blocks)}

    @property
    def batches(self) -> dict[str, tuple[GroupBlock, ...]]:
        """The blocks of every batch of effects that is drawn from one distribution: groupings, then smooths."""
        return {**self.groups, **{b.group: (b,) for b in self.smooths}}

    @cached_property
    def pymc(self) -> pm.Model:
        """The model's meaning: a readable :class:`pymc.Model <pymc.model.core.Model>`, with coordinates."""
        from hierlm.graph import build_graph

        return build_graph(self)

    def priors(self) -> pd.DataFrame:
        """Every parameter with its prior.

        Returns
        -------
        DataFrame
            Columns ``parameter``, ``prior``, ``source`` (``"default"`` or ``"user"``).
        """
        rows = [(a.name, str(a.prior), "default" if a.source == "default" else "user") for a in self.assignments]
        return pd.DataFrame(rows, columns=["parameter", "prior", "source"])

    def equations(self, style: str = "text", *, priors: bool = True) -> str:
        """The model in equations, as ``"text"`` or ``"latex"``; see :func:`hierlm.model.describe.equations`."""
        return describe.equations(self, style, priors=priors)

    def graph(self) -> Picture:
        """A picture of the PyMC graph: drawn in notebooks, elsewhere text for Mermaid.

        Returns
        -------
        hierlm.graph.Picture
        """
        from hierlm.graph import Picture

        return Picture.of(self.pymc)

    def code(self) -> str:
        """A PyMC script of the same model that needs no hierlm; see :func:`hierlm.translation.script.code`."""
        from hierlm.translation.script import code

        return code(self)

    def plan(self, **options: Any) -> Plan:
        """How :meth:`fit` will sample, and why; see :func:`hierlm.reductions.plan`."""
        from hierlm.reductions import plan

        with readable_kernels():
            return plan(self, **options)

    def recover(self, **options: Any) -> Recovery:
        """Simulate at known values, fit, compare; see :func:`hierlm.replicates.recover`."""
        from hierlm.replicates.recover import recover

        return recover(self, **options)

    def calibrate(self, n: int = 200, **options: Any) -> Calibration:
        """Whether posteriors are what they claim to be; see :func:`hierlm.replicates.calibrate`."""
        from hierlm.replicates.calibrate import calibrate

        return calibrate(self, n, **options)

    def power(self, target: str, **options: Any) -> Power:
        """What a study of so many groups and rows would show; see :func:`hierlm.replicates.power`."""
        from hierlm.replicates.power import power

        return power(self, target, **options)

    def fit(self, draws: int = 1000, **options: Any) -> Fit:
        """Sample the posterior and check the draws; see :func:`hierlm.fit.fit` for all options.

        With ``file="model.zarr"`` the fit is kept there, and sampled again only when the formula, the data, the priors,
        the options or the versions have changed.

        Warns
        -----
        ConvergenceWarning
            When the draws should not be trusted yet, with what to do.
        """
        from hierlm.posterior.diagnose import warn_unless_converged
        from hierlm.storage import fit_or_load

        made = fit_or_load(self, draws=draws, **options)
        warn_unless_converged(made)
        return made

    def __repr__(self) -> str:
        return f"{describe.text(self)}\n\n  Sampled by: {self.plan().name}"

    def _repr_html_(self) -> str:
        return f"{describe.html(self)}<p>Sampled by: {self.plan().name}</p>"
