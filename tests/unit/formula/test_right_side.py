"""What every right side means: canonical common effects, offsets and group terms."""

from __future__ import annotations

import pytest

from hierlm.formula import parse

COMMON = {
    # sums and the intercept
    "1": "1",
    "0": "0",
    "x": "1 + x",
    "1 + x": "1 + x",
    "0 + x": "0 + x",
    "x + 0": "0 + x",
    "x - 1": "0 + x",
    "-1 + x": "0 + x",
    "x + -1": "0 + x",
    "+ x": "1 + x",
    "x + x": "1 + x",
    "(x + z)": "1 + x + z",
    "((x)) + (z)": "1 + x + z",
    "(0 + x) + z": "0 + x + z",
    "x + (z + (w - 1))": "0 + x + z + w",
    "0 + Intercept + x": "1 + x",
    "Intercept + x - 1": "1 + x",
    "x +\n z": "1 + x + z",
    "x\n + z": "1 + x + z",
    "(x\n+ z)": "1 + x + z",
    # interactions, as R expands them
    "a:b": "1 + a:b",
    "a*b": "1 + a + b + a:b",
    "a*b*c": "1 + a + b + c + a:b + a:c + b:c + a:b:c",
    "a:b*c": "1 + c + a:b + a:b:c",
    "a*b:c": "1 + a + b:c + a:b:c",
    "a/b": "1 + a + a:b",
    "a/b/c": "1 + a + a:b + a:b:c",
    "a/(b + c)": "1 + a + a:b + a:c",
    "(a + b)/c": "1 + a + b + a:b:c",
    "(a + b):c": "1 + a:c + b:c",
    "(a + b)*c": "1 + a + b + c + a:c + b:c",
    "(a + b)^2": "1 + a + b + a:b",
    "(a + b)**2": "1 + a + b + a:b",
    "(a + b + c)^2": "1 + a + b + c + a:b + a:c + b:c",
    "(a + b + c)^3": "1 + a + b + c + a:b + a:c + b:c + a:b:c",
    "(a + b)^1": "1 + a + b",
    "(a + b)^1000000000": "1 + a + b + a:b",
    "(a*b)^2": "1 + a + b + a:b",
    "a*b - a": "1 + b + a:b",
    "a*b - a:b": "1 + a + b",
    "a*b*c - a:b:c": "1 + a + b + c + a:b + a:c + b:c",
    "(a + b + c)^2 - (a + b)": "1 + c + a:b + a:c + b:c",
    "a + b - (a - b)": "1 + b",
    "a:b + c": "1 + c + a:b",
    "a:b + b:a": "1 + a:b",
    "a + b + b:a": "1 + a + b + a:b",
    "b:a + a": "1 + a + b:a",
    "(a + b)*(a + c)": "1 + a + b + c + a:c + a:b + b:c",
    "x:log(z)": "1 + x:log(z)",
    # functions
    "log(x)": "1 + log(x)",
    "np.log(x)": "1 + log(x)",
    "numpy.sqrt(x)": "1 + sqrt(x)",
    "log (x)": "1 + log(x)",
    "log(x) + np.log(x)": "1 + log(x)",
    "log1p(abs(x))": "1 + log1p(abs(x))",
    "log(x + 1)": "1 + log(x + 1)",
    "round(x, 1)": "1 + round(x, 1)",
    "asin(x) + ceiling(z)": "1 + arcsin(x) + ceil(z)",
    "pmax(x, 0)": "1 + maximum(x, 0)",
    "ifelse(x > 2, 1, 0)": "1 + where(x > 2, 1, 0)",
    "plogis(x)": "1 + expit(x)",
    "scale(x)": "1 + scale(x)",
    "scale(x, scale=FALSE)": "1 + scale(x, scale=False)",
    "center(x) + standardize(z)": "1 + center(x) + standardize(z)",
    "scale(log(x))": "1 + scale(log(x))",
    "poly(x, 2)": "1 + poly(x, 2)",
    "poly(x, degree = 2, raw = TRUE)": "1 + poly(x, degree=2, raw=True)",
    "poly(x, 2, raw=T)": "1 + poly(x, 2, raw=True)",
    "bs(x, df=4)": "1 + bs(x, df=4)",
    "bs(x, df=4, lower_bound=-1.5)": "1 + bs(x, df=4, lower_bound=-1.5)",
    "C(f)": "1 + C(f)",
    "factor(f)": "1 + C(f)",
    "as.factor(f)": "1 + C(f)",
    "C(f, Sum)": "1 + C(f, Sum())",
    "C(f, contr.sum)": "1 + C(f, Sum())",
    "C(f, contrast=Treatment)": "1 + C(f, Treatment())",
    'C(f, Treatment("a"))': "1 + C(f, Treatment('a'))",
    'C(f, Treatment(reference="a"))': "1 + C(f, Treatment('a'))",
    "C(f, Treatment(2))": "1 + C(f, Treatment(2))",
    'C(f, reference="a")': "1 + C(f, Treatment('a'))",
    'relevel(f, ref="b")': "1 + T(f, ref='b')",
    'T(f, "a") + S(f)': "1 + T(f, 'a') + S(f)",
    'binary(f, "yes")': "1 + binary(f, 'yes')",
    # arithmetic, only inside functions
    "I(x^2)": "1 + I(x ** 2)",
    "I(x**2)": "1 + I(x ** 2)",
    "x + I(x^2)": "1 + x + I(x ** 2)",
    "{x + 1}": "1 + I(x + 1)",
    "I((x + 1)*2) + I(x + 1*2)": "1 + I((x + 1) * 2) + I(x + 1 * 2)",
    "I(((x)))": "1 + I(x)",
    "I(-x^2)": "1 + I(-(x ** 2))",
    "I((-x)^2)": "1 + I((-x) ** 2)",
    "I(2^x^2)": "1 + I(2 ** (x ** 2))",
    "I((2^x)^2)": "1 + I((2 ** x) ** 2)",
    "I(2^-x)": "1 + I(2 ** -x)",
    "I(x - (z - w))": "1 + I(x - (z - w))",
    "I(x - z - w)": "1 + I(x - z - w)",
    "I(x/(z*w))": "1 + I(x / (z * w))",
    "I(x*-z)": "1 + I(x * -z)",
    "I(+x)": "1 + I(x)",
    "I(x*1e-3)": "1 + I(x * 0.001)",
    "I(x/1e20)": "1 + I(x / 100000000000000000000.0)",
    "I(x + .5)": "1 + I(x + 0.5)",
    "I(x > 2)": "1 + I(x > 2)",
    "I((x > 2)*z)": "1 + I((x > 2) * z)",
    "I(f == 'a')": "1 + I(f == 'a')",
    'I(f != "a b")': "1 + I(f != 'a b')",
    # names
    "`my var`": "1 + `my var`",
    "`Sepal.Length`:f": "1 + `Sepal.Length`:f",
    "I(`my var`^2)": "1 + I(`my var` ** 2)",
    "`x`": "1 + x",
    "`True`": "1 + `True`",
    "`__class__`": "1 + `__class__`",
    "`a+b` + `a`": "1 + `a+b` + a",
    "été + größe + переменная + 変数": "1 + été + größe + переменная + 変数",
    "log + C + I + offset": "1 + log + C + I + offset",
    "sigma + mu + units": "1 + sigma + mu + units",
    "x_1 + X2": "1 + x_1 + X2",
    # ASCII look of R's line breaks and spacing
    "  x+z\t*w ": "1 + x + z + w + z:w",
}


@pytest.mark.parametrize("right", list(COMMON))
def test_common_effects(right: str) -> None:
    (predictor,) = parse(f"y ~ {right}").predictors
    assert predictor.common == COMMON[right]
    assert (predictor.response, predictor.parameter, predictor.offsets, predictor.bars) == ("y", "mu", (), ())


def terms(common: str) -> list[frozenset[str]]:
    return [frozenset(term.split(":")) for term in common.split(" + ")]


@pytest.mark.parametrize("right", [r for r in COMMON if "I(" not in COMMON[r] and "(x + 1)" not in COMMON[r]])
def test_canonical_text_means_the_same(right: str) -> None:
    """Read again it gives the same terms in the same order (their atoms may be ordered anew, as in R)."""
    assert terms(parse(f"y ~ {COMMON[right]}").predictors[0].common) == terms(COMMON[right])


BARS = {
    "(1 | g)": [("us", "1", "g")],
    "(x | g)": [("us", "1 + x", "g")],
    "(1 + x | g)": [("us", "1 + x", "g")],
    "(x + 1 | g)": [("us", "1 + x", "g")],
    "(0 + x | g)": [("us", "0 + x", "g")],
    "(x - 1 | g)": [("us", "0 + x", "g")],
    "(-1 + x | g)": [("us", "0 + x", "g")],
    "(0 + f | g)": [("us", "0 + f", "g")],
    "(0 + Intercept + x | g)": [("us", "1 + x", "g")],
    "(x || g)": [("idh", "1 + x", "g")],
    "(0 + f || g)": [("idh", "0 + f", "g")],
    "(x*z | g)": [("us", "1 + x + z + x:z", "g")],
    "(poly(x, 2) | g)": [("us", "1 + poly(x, 2)", "g")],
    "(I(x^2) + log(z) | g)": [("us", "1 + I(x ** 2) + log(z)", "g")],
    "(1 | a/b)": [("us", "1", "a"), ("us", "1", "a:b")],
    "(1 | a/b/c)": [("us", "1", "a"), ("us", "1", "a:b"), ("us", "1", "a:b:c")],
    "(x || a/b)": [("idh", "1 + x", "a"), ("idh", "1 + x", "a:b")],
    "(1 | a/b/c/d/e)": [("us", "1", g) for g in ("a", "a:b", "a:b:c", "a:b:c:d", "a:b:c:d:e")],
    "(1 | a:b)": [("us", "1", "a:b")],
    "(1 | b:a)": [("us", "1", "b:a")],
    "(1 | a:b:c)": [("us", "1", "a:b:c")],
    "(1 | (a))": [("us", "1", "a")],
    "((1 | a))": [("us", "1", "a")],
    "((1 | a) + (1 | b))": [("us", "1", "a"), ("us", "1", "b")],
    "(1 | a) + (1 | b)": [("us", "1", "a"), ("us", "1", "b")],
    "(1 | a + b)": [("us", "1", "a"), ("us", "1", "b")],
    "(1 | a*b)": [("us", "1", "a"), ("us", "1", "b"), ("us", "1", "a:b")],
    "(1 | a/(b + c))": [("us", "1", "a"), ("us", "1", "a:b"), ("us", "1", "a:c")],
    "(1 | (a + b):c)": [("us", "1", "a:c"), ("us", "1", "b:c")],
    "(1 | units)": [("us", "1", "units")],
    "(1 | factor(g))": [("us", "1", "g")],
    "(1 | as.factor(g):C(h))": [("us", "1", "g:h")],
    "(1 | gr(g))": [("us", "1", "g")],
    "(1 | `my group`)": [("us", "1", "my group")],
    "us(1 + x | g)": [("us", "1 + x", "g")],
    "us(x | a/b)": [("us", "1 + x", "a"), ("us", "1 + x", "a:b")],
    "unstructured(x | g)": [("us", "1 + x", "g")],
    "pdSymm(x | g)": [("us", "1 + x", "g")],
    "idh(0 + sex | dam)": [("idh", "0 + sex", "dam")],
    "diag(x | g)": [("idh", "1 + x", "g")],
    "pdDiag(x | g)": [("idh", "1 + x", "g")],
    "idv(x | g)": [("idv", "1 + x", "g")],
    "homdiag(x | g)": [("idv", "1 + x", "g")],
    "diag(x | g, hom=TRUE)": [("idv", "1 + x", "g")],
    "corh(x | g)": [("corh", "1 + x", "g")],
    "cs(x | g)": [("corh", "1 + x", "g")],
    "cs(x | g, hom = TRUE)": [("corv", "1 + x", "g")],
    "cs(x | g, hom = FALSE)": [("corh", "1 + x", "g")],
    "homcs(x | g)": [("corv", "1 + x", "g")],
    "pdCompSymm(x | g)": [("corv", "1 + x", "g")],
    "cor(0 + sex | dam)": [("cor", "0 + sex", "dam")],
    "corg(0 + sex | dam)": [("cor", "0 + sex", "dam")],
    "US(x | g)": [("us", "1 + x", "g")],
}


@pytest.mark.parametrize("right", BARS)
def test_group_terms(right: str) -> None:
    (predictor,) = parse(f"y ~ z + {right}").predictors
    assert [(b.structure, b.effects, b.group) for b in predictor.bars] == BARS[right]
    assert predictor.common == "1 + z"
    assert all(b.id is None and not b.options for b in predictor.bars)


def test_a_bar_knows_its_factors_and_its_place() -> None:
    f = parse("y ~ x + (1 + x | a/b) + us(z | g)")
    first, second, third = f.predictors[0].bars
    assert (first.factors, second.factors) == (("a",), ("a", "b"))
    assert f.text[first.start : first.stop] == first.text == second.text == "(1 + x | a/b)"
    assert f.text[third.start : third.stop] == third.text == "us(z | g)"


@pytest.mark.parametrize(("typed", "shared"), [("(1 | p | g)", "p"), ("us(1 | p | g)", "p"), ("(1 | 2 | g)", "2")])
def test_shared_ids(typed: str, shared: str) -> None:
    (bar,) = parse(f"y ~ {typed}").predictors[0].bars
    assert (bar.id, bar.effects, bar.group) == (shared, "1", "g")


def test_options_of_a_structure_are_kept() -> None:
    known = {"us": "us", "rr": "rr"}
    (bar,) = parse("y ~ rr(0 + f | g, d=2, sign=-1, tidy=TRUE, by='a')", structures=known).predictors[0].bars
    assert (bar.structure, dict(bar.options)) == ("rr", {"d": 2, "sign": -1, "tidy": True, "by": "a"})


@pytest.mark.parametrize(
    ("right", "offsets"),
    [
        ("x + offset(log(exposure))", ("log(exposure)",)),
        ("offset(z) + x", ("z",)),
        ("x + offset(z) + offset(w)", ("z", "w")),
        ("x + offset(2.5)", ("2.5",)),
        ("x + (offset(a + b) + (1 | g))", ("I(a + b)",)),
    ],
)
def test_offsets(right: str, offsets: tuple[str, ...]) -> None:
    (predictor,) = parse(f"y ~ {right}").predictors
    assert (predictor.common, predictor.offsets) == ("1 + x", offsets)


def test_users_functions() -> None:
    f = parse('y ~ mine(x, 2, "a", deg=3, up=TRUE) + mine(x + 1) + (mine(z) | g)', functions=["mine"])
    assert f.predictors[0].common == "1 + mine(x, 2, 'a', deg=3, up=True) + mine(x + 1)"
    assert f.predictors[0].bars[0].effects == "1 + mine(z)"


def test_nothing_typed_is_lost() -> None:
    """Every column typed is a column needed."""
    from hierlm.formula import columns

    for right, canonical in COMMON.items():
        if " - " in right:
            continue
        assert set(columns(parse(f"y ~ {canonical}"))) == set(columns(parse(f"y ~ {right}")))


@pytest.mark.parametrize(
    ("typed", "common", "groups"),
    [
        ("Reaction ~ 0 + Intercept + Days + (Days || Subject)", "1 + Days", ["Subject"]),
        (
            "TICKS ~ YEAR + h + (1 | LOCATION) + (1 | BROOD) + (1 | INDEX)",
            "1 + YEAR + h",
            ["LOCATION", "BROOD", "INDEX"],
        ),
        ("cbind(incidence, size - incidence) ~ period + (1 | herd)", "1 + period", ["herd"]),
        (
            "count ~ zAge + zBase * Trt + (1 | patient) + (1 | obs)",
            "1 + zAge + zBase + Trt + zBase:Trt",
            ["patient", "obs"],
        ),
        ("distance ~ Sex * age8 + cs(0 + fage | Subject)", "1 + Sex + age8 + Sex:age8", ["Subject"]),
        ("use01 ~ age10 + I(age10^2) + urban + (1 | district)", "1 + age10 + I(age10 ** 2) + urban", ["district"]),
        ("yield ~ nitro + Variety + (1 | Block/Variety)", "1 + nitro + Variety", ["Block", "Block:Variety"]),
        ("follicles ~ sin(2 * 3.14 * Time) + (Time | Mare)", "1 + sin(2 * 3.14 * Time)", ["Mare"]),
        ("distance ~ Sex * I(age - 11) + (1 | Subject)", "1 + Sex + I(age - 11) + Sex:I(age - 11)", ["Subject"]),
    ],
)
def test_formulas_of_the_references(typed: str, common: str, groups: list[str]) -> None:
    (predictor,) = parse(typed).predictors
    assert (predictor.common, [b.group for b in predictor.bars]) == (common, groups)
