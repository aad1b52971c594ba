"""X has the columns that R's model.matrix has, built here by hand from numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hierlm.design import build
from hierlm.design.common import read_terms
from hierlm.errors import FormulaError
from hierlm.formula import parse

RNG = np.random.default_rng(1)
N = 60
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=N),
        "x": RNG.normal(size=N),
        "z": RNG.uniform(1, 3, size=N),
        "k": RNG.integers(1, 4, size=N),
        "a": pd.Categorical(RNG.choice(list("uvw"), size=N), categories=["v", "u", "w"]),
        "b": RNG.choice(["no", "yes"], size=N),
        "flag": RNG.choice([False, True], size=N),
        "my var": RNG.normal(size=N),
        "ünit": RNG.normal(size=N),
        "class": RNG.normal(size=N),
    }
)
x, z, k, a, b = (DATA[c].to_numpy() for c in ("x", "z", "k", "a", "b"))
one = np.ones(N)
au, av, aw, yes, no = a == "u", a == "v", a == "w", b == "yes", b == "no"

# formula → {label: column}; a treatment contrast leaves out the first level, categories in their order ("v" first)
EXPECTED: dict[str, dict[str, np.ndarray]] = {
    "1": {"Intercept": one},
    "0 + x": {"x": x},
    "x": {"Intercept": one, "x": x},
    "x - 1": {"x": x},
    "x + z": {"Intercept": one, "x": x, "z": z},
    "x:z": {"Intercept": one, "x:z": x * z},
    "x*z": {"Intercept": one, "x": x, "z": z, "x:z": x * z},
    "x*z - x": {"Intercept": one, "z": z, "x:z": x * z},
    "x + x": {"Intercept": one, "x": x},
    "x:z + z:x": {"Intercept": one, "x:z": x * z},
    "(x + z + k)**2": {
        "Intercept": one, "x": x, "z": z, "k": k, "x:z": x * z, "x:k": x * k, "z:k": z * k,
    },
    "(x + z + k)^2 - x:k": {"Intercept": one, "x": x, "z": z, "k": k, "x:z": x * z, "z:k": z * k},
    "a": {"Intercept": one, "a[u]": au, "a[w]": aw},
    "0 + a": {"a[v]": av, "a[u]": au, "a[w]": aw},
    "b": {"Intercept": one, "b[yes]": yes},
    "flag": {"Intercept": one, "flag[True]": DATA["flag"]},
    "a + b": {"Intercept": one, "a[u]": au, "a[w]": aw, "b[yes]": yes},
    "0 + a + b": {"a[v]": av, "a[u]": au, "a[w]": aw, "b[yes]": yes},
    "0 + b + a": {"b[no]": no, "b[yes]": yes, "a[u]": au, "a[w]": aw},
    "a*b": {
        "Intercept": one, "a[u]": au, "a[w]": aw, "b[yes]": yes, "a[u]:b[yes]": au & yes, "a[w]:b[yes]": aw & yes,
    },
    "a:b + a + b": {
        "Intercept": one, "a[u]": au, "a[w]": aw, "b[yes]": yes, "a[u]:b[yes]": au & yes, "a[w]:b[yes]": aw & yes,
    },
    "b/a": {
        "Intercept": one, "b[yes]": yes,
        "b[no]:a[u]": no & au, "b[yes]:a[u]": yes & au, "b[no]:a[w]": no & aw, "b[yes]:a[w]": yes & aw,
    },
    "0 + a:b": {
        "a[v]:b[no]": av & no, "a[u]:b[no]": au & no, "a[w]:b[no]": aw & no,
        "a[v]:b[yes]": av & yes, "a[u]:b[yes]": au & yes, "a[w]:b[yes]": aw & yes,
    },
    "a*x": {"Intercept": one, "a[u]": au, "a[w]": aw, "x": x, "a[u]:x": au * x, "a[w]:x": aw * x},
    "x + x:b": {"Intercept": one, "x": x, "x:b[yes]": x * yes},
    "x:b": {"Intercept": one, "x:b[no]": x * no, "x:b[yes]": x * yes},
    "0 + b + b:x": {"b[no]": no, "b[yes]": yes, "b[no]:x": no * x, "b[yes]:x": yes * x},
    "0 + x*b": {"x": x, "b[no]": no, "b[yes]": yes, "x:b[yes]": x * yes},
    "log(z)": {"Intercept": one, "log(z)": np.log(z)},
    "np.log(z) + sqrt(z)": {"Intercept": one, "log(z)": np.log(z), "sqrt(z)": np.sqrt(z)},
    "I(x**2)": {"Intercept": one, "I(x ** 2)": x**2},
    "I(-x**2 + 1e-3)": {"Intercept": one, "I(-x ** 2 + 0.001)": -(x**2) + 0.001},
    "I((x + 1) * 2)": {"Intercept": one, "I((x + 1) * 2)": (x + 1) * 2},
    "I(2**z**2)": {"Intercept": one, "I(2 ** z ** 2)": 2 ** (z**2)},
    "{x / z}": {"Intercept": one, "I(x / z)": x / z},
    "I(x > 0)": {"Intercept": one, "I(x > 0)": x > 0},
    "I(a == 'w')": {"Intercept": one, "I(a == 'w')": aw},
    "C(k)": {"Intercept": one, "C(k)[2]": k == 2, "C(k)[3]": k == 3},
    "factor(k)": {"Intercept": one, "C(k)[2]": k == 2, "C(k)[3]": k == 3},
    "C(a, Treatment('u'))": {
        "Intercept": one, "C(a, Treatment('u'))[v]": av, "C(a, Treatment('u'))[w]": aw,
    },
    "C(a, Sum)": {
        "Intercept": one, "C(a, Sum())[v]": av * 1 - aw * 1, "C(a, Sum())[u]": au * 1 - aw * 1,
    },
    "binary(b, 'yes')": {"Intercept": one, "binary(b, 'yes')": yes},
    "`my var` + `class`": {"Intercept": one, "my var": DATA["my var"], "class": DATA["class"]},
    "ünit + I(ünit**2)": {"Intercept": one, "ünit": DATA["ünit"], "I(ünit ** 2)": DATA["ünit"] ** 2},
    "scale(x)": {"Intercept": one, "scale(x)": (x - x.mean()) / x.std(ddof=1)},
    "center(x):b": {
        "Intercept": one, "center(x):b[no]": (x - x.mean()) * no, "center(x):b[yes]": (x - x.mean()) * yes,
    },
    "poly(x, 2, raw=True)": {"Intercept": one, "poly(x, 2, raw=True)[1]": x, "poly(x, 2, raw=True)[2]": x**2},
}  # fmt: skip


def common(right: str, data: pd.DataFrame = DATA, **options: Callable[..., object]):
    formula = parse(f"y ~ {right}", functions=tuple(options))
    return build(formula, data, extra=options).predictors["y", "mu"].common


@pytest.mark.parametrize("right", EXPECTED)
def test_columns_are_those_of_model_matrix(right):
    got = common(right)
    want = EXPECTED[right]
    assert got.labels == tuple(want)
    for column, expected in zip(got.X.T, want.values(), strict=True):
        np.testing.assert_allclose(column, np.asarray(expected, dtype=float), atol=1e-12)


@pytest.mark.parametrize("right", EXPECTED)
def test_arrays_are_plain_and_cannot_be_written(right):
    got = common(right)
    assert got.X.dtype == np.float64
    assert got.X.flags.c_contiguous
    for array in (got.X, got.offset):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_poly_is_orthonormal_and_spans_the_powers():
    got = common("poly(x, 3)").X
    np.testing.assert_allclose(got[:, 1:].T @ got, np.eye(3, 4, 1), atol=1e-10)
    powers = np.column_stack([x**j for j in range(4)])
    np.testing.assert_allclose(got @ np.linalg.lstsq(got, powers, rcond=None)[0], powers, atol=1e-9)


def test_poly_equals_the_values_that_r_prints():
    # R: poly(1:5, 2)
    d = pd.DataFrame({"y": np.arange(5.0) ** 2, "x": np.arange(1, 6)})
    want = [
        [-0.6324555, 0.5345225],
        [-0.3162278, -0.2672612],
        [0, -0.5345225],
        [0.3162278, -0.2672612],
        [0.6324555, 0.5345225],
    ]
    np.testing.assert_allclose(common("poly(x, 2)", d).X[:, 1:], want, atol=1e-6)


def cox_de_boor(at: np.ndarray, knots: np.ndarray, degree: int) -> np.ndarray:
    """The B-spline basis by its recursion."""
    last = knots[:-1].searchsorted(knots[-1])  # the last interval that is not empty takes its right end
    basis = np.column_stack(
        [
            ((at >= lo) & ((at < hi) | ((i == last - 1) & (at == hi)))).astype(float)
            for i, (lo, hi) in enumerate(zip(knots, knots[1:], strict=False))
        ]
    )
    for d in range(1, degree + 1):
        new = np.zeros((len(at), basis.shape[1] - 1))
        for i in range(new.shape[1]):
            if knots[i + d] > knots[i]:
                new[:, i] += (at - knots[i]) / (knots[i + d] - knots[i]) * basis[:, i]
            if knots[i + d + 1] > knots[i + 1]:
                new[:, i] += (knots[i + d + 1] - at) / (knots[i + d + 1] - knots[i + 1]) * basis[:, i + 1]
        basis = new
    return basis


@pytest.mark.parametrize(("df", "degree"), [(4, 3), (6, 3), (5, 2), (3, 3)])
def test_bs_is_the_b_spline_basis_without_its_first_column(df, degree):
    inner = np.quantile(x, np.linspace(0, 1, df - degree + 2)[1:-1])
    knots = np.concatenate([[x.min()] * (degree + 1), inner, [x.max()] * (degree + 1)])
    got = common(f"bs(x, df={df}, degree={degree})")
    np.testing.assert_allclose(got.X[:, 1:], cox_de_boor(x, knots, degree)[:, 1:], atol=1e-12)
    assert got.labels[1] == f"bs(x, df={df}, degree={degree})[1]"


def test_unordered_terms_give_the_same_columns():
    first, second = common("a*b + x"), common("a:b + x + b + a")
    assert set(first.labels) == set(second.labels)
    order = [second.labels.index(label) for label in first.labels]
    np.testing.assert_array_equal(first.X, second.X[:, order])


def test_offsets_add_up():
    got = common("x + offset(log(z)) + offset(2)")
    np.testing.assert_allclose(got.offset, np.log(z) + 2)
    assert got.labels == ("Intercept", "x")


def test_a_function_of_ones_own():
    got = common("twice(x)", twice=lambda v: 2 * v)
    np.testing.assert_array_equal(got.X[:, 1], 2 * x)
    assert got.labels == ("Intercept", "twice(x)")


def test_a_column_called_like_a_function_is_a_column():
    d = DATA.rename(columns={"x": "log", "z": "C"})
    np.testing.assert_allclose(common("log(C) + log", d).X[:, 1:], np.column_stack([np.log(z), x]))


@pytest.mark.parametrize(
    "text", ["1 + x z", "1 + x)", "1 + x**2", "1 + 2", "1 + (x", "1 + x + *", "1 + log(x", "1 + x ? z", "1 +"]
)
def test_text_that_formulae_would_half_read_is_refused(text):
    with pytest.raises(FormulaError):
        read_terms(text)


@pytest.mark.parametrize(
    "call", ["os.system('x')", "__import__('os')", "open('x')", "x.mean()", "eval('x')", "lambda: 1", "[i for i in x]"]
)
def test_only_functions_of_the_list_are_called(call):
    from hierlm.design.evaluate import Evaluator
    from hierlm.design.expressions import read_expression
    from hierlm.design.table import read_table

    on = Evaluator(read_table(DATA, ["x", "y"]))
    with pytest.raises((FormulaError, KeyError)):
        on.value(read_expression(call))


def test_every_function_that_a_formula_may_call_can_be_computed():
    from hierlm.design.factor import FACTORS, INDICATORS
    from hierlm.design.functions import ELEMENTWISE, TRANSFORMS
    from hierlm.formula import FUNCTIONS

    assert {f.name for f in FUNCTIONS.values()} <= {"I", *ELEMENTWISE, *TRANSFORMS, *FACTORS, *INDICATORS}


def test_terms_of_fewer_columns_come_first_whatever_was_typed():
    terms = read_terms("0 + a:b + x*z + b")
    assert [":".join(terms.atoms[k].text for k in term) for term in terms.terms] == ["x", "z", "b", "a:b", "x:z"]
    assert not terms.intercept
