"""Text that is not a formula: refused quickly, at the right place, with what to type instead, and never run."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from hierlm.covariances import STRUCTURES
from hierlm.errors import FormulaError
from hierlm.formula import Formula, columns, parse
from tests.safety.audit import watch

MALFORMED = [
    # typed, what the caret underlines, what is said
    # brackets and quotes
    ("y ~ (x + z", "(", "never closed"),
    ("y ~ x + z)", ")", "closes nothing"),
    ("y ~ log(x + (z)", "(", "never closed"),
    ("y ~ (x]", "(", "closed by ']'"),
    ("y ~ {x + 1)", "{", "closed by ')'"),
    ("y ~ x + (1 | g))", ")", "closes nothing"),
    ('y["yes ~ x', '"', "never closed"),
    ("y ~ I(f == 'a\")", "'", 'closes with "'),
    ("y ~ `my var", "`", "never closed"),
    ("y ~ `` + x", "``", "no column name"),
    ("y ~ ()", "()", "Nothing stands in these brackets"),
    ("y ~ x + log()", "log()", "needs what it is applied to"),
    # operators
    ("y ~ x +", "+", "Nothing follows '+'"),
    ("y ~ x *", "*", "Nothing follows '*'"),
    ("y ~ * x", "*", "Nothing stands before '*'"),
    ("y ~ x + * z", "*", "Nothing stands before '*'"),
    ("y ~ x z", "z", "An operator is missing"),
    ("y ~ 2x", "x", "An operator is missing"),
    ("y ~ x 'a'", "'a'", "An operator is missing"),
    ("y ~ x (z)", "x", "An operator is missing before the bracket"),
    ("y ~ x (1 | g)", "x", "An operator is missing before the bracket"),
    ("y ~ (1 | g) (1 | h)", "(", "An operator is missing"),
    ("y ~ x, z", ",", "no meaning here"),
    ("y ~ log(x, )", ",", "Nothing follows ','"),
    ("y ~ x %in% z", "%in%", "Write a:b"),
    ("y ~ I(x %% 2)", "%%", "Make a column"),
    ("y ~ I(x // 2)", "//", "Make a column"),
    ("y ~ I(x > 1 & z > 1)", "&", "Multiply comparisons"),
    ("y ~ I(!x)", "!", "opposite comparison"),
    ("y ~ I(1 < x < 2)", "<", "cannot be chained"),
    ("y ~ x > 2", "x > 2", "Write I(x > 2)"),
    ("y ~ stats::poly(x, 2)", "::", "without their package"),
    ("y ~ x; sigma ~ z", ";", "as a list"),
    ("y ~ x # the slope", "#", "no comments"),
    ("y ~ data$x", "$", "without their table"),
    ("y ~ x @ z", "@", "Attributes"),
    ("y ~ x − 1", "−", "plain minus"),
    ("y ~ I(f == “a”)", "“", "straight double quotes"),
    ("y ∼ x", "∼", "plain tilde"),
    ("y ~ (1 ∣ g)", "∣", "plain bar"),
    ("y ~ x ? z", "?", "no meaning"),
    # sides
    ("y", "y", "needs a '~'"),
    ("y = x", "=", "Write y ~ x"),
    ("y <- x", "<", "Write y ~ x"),
    ("~ x", "~", "left side is empty"),
    ("y ~", "~", "right side is empty"),
    ("y ~ x ~ z", "~", "one '~'"),
    ("lm(y ~ x)", "~", "inside brackets"),
    ("bf(y ~ x, sigma ~ z)", "~", "inside brackets"),
    # terms
    ("y ~ .", ".", "Name the columns"),
    ("y ~ x^2", "x^2", "I(x**2)"),
    ("y ~ log(x)^2", "log(x)^2", "I(log(x)**2)"),
    ("y ~ (a + b)^0", "0", "whole number from 1"),
    ("y ~ (a + b)^x", "x", "whole number from 1"),
    ("y ~ (a + b)^1.5", "1.5", "whole number from 1"),
    ("y ~ x*x", "x", "I(x**2)"),
    ("y ~ x:x", "x", "I(x**2)"),
    ("y ~ 2 + x", "2", "only 0 and 1"),
    ("y ~ 2*x", "2", "I(2 * x)"),
    ("y ~ x:1", "1", "I(2 * x)"),
    ("y ~ -x", "x", "There is no x to take away"),
    ("y ~ a + b - a:b", "a:b", "There is no a:b to take away"),
    ("y ~ a*-b", "-b", "I(-x)"),
    ("y ~ 0 + 1 + x", "1", "both asked for and taken away"),
    ("y ~ x - 0", "0", "is not read"),
    ("y ~ Intercept + x", "Intercept", "Write 1 for the intercept"),
    ("y ~ `Intercept`", "`Intercept`", "rename a column"),
    ("y ~ 'x'", "'x'", "without quotes"),
    ('y ~ x["a"]', 'x["a"]', "Only a response picks a level"),
    ("y ~ TRUE", "TRUE", "is a value"),
    ("y ~ I(a:b)", "a:b", "inside a function it has no meaning"),
    ("y ~ I(2)", "I(2)", "names no column"),
    ("y ~ log('a')", "'a'", "no meaning here"),
    ("y ~ x + offset()", "offset()", "takes one expression"),
    ("y ~ x:offset(z)", "offset(z)", "term of its own"),
    ("y ~ x - offset(z)", "offset(z)", "cannot be taken away"),
    # functions
    ("y ~ lgo(x)", "lgo", "Did you mean 'log'"),
    ("y ~ ploy(x, 2)", "ploy", "Did you mean 'poly'"),
    ("y ~ Log(x)", "Log", "Did you mean 'log'"),
    ("y ~ mean(x)", "mean", "depends on all rows"),
    ("y ~ I(x - np.mean(x))", "np.mean", "Use center(x)"),
    ("y ~ te(x, z)", "te", "not available yet"),
    ("y ~ mo(x)", "mo", "not available yet"),
    ("y ~ Treatment(f)", "Treatment", "Write C(x, Treatment)"),
    ("y ~ log(x, 2)", "2", "log2(x)"),
    ("y ~ log(x, base=2)", "base=2", "log2(x)"),
    ("y ~ poly(x, degre=2)", "degre=2", "Did you mean 'degree'"),
    ("y ~ poly(x, z)", "z", "literal value"),
    ("y ~ poly(x, 0)", "0", "at least 1"),
    ("y ~ poly(x, 1.5)", "1.5", "whole number"),
    ("y ~ poly(x, 2, degree=3)", "degree=3", "given twice"),
    ("y ~ poly(x, 2, raw=1)", "raw=1", "True or False"),
    ("y ~ poly(degree=2)", "poly(degree=2)", "needs what it is applied to"),
    ("y ~ C(f, Poly)", "Poly", "contrast"),
    ("y ~ C(f, 3)", "3", "contrast"),
    ("y ~ pmax(x)", "pmax(x)", "Write pmax(x, y)"),
    ("y ~ us(1 + x):g", "us", "random='us(1 + x):g'"),
    # names
    ("y ~ Sepal.Length", "Sepal.Length", "`Sepal.Length`"),
    ("y ~ .x", ".x", "backquotes"),
    ("y ~ a__b", "a__b", "`a__b`"),
    ("y ~ x²", "x²", "backquotes"),
    ("y ~ 1e999", "1e999", "out of range"),
    # bars
    ("y ~ x | g", "x | g", "Write (x | g)"),
    ("y ~ x + 1 | g", "x + 1 | g", "A bar needs brackets"),
    ("y ~ ( | g)", "|", "Nothing stands before '|'"),
    ("y ~ (1 | )", "|", "Nothing follows '|'"),
    ("y ~ (0 | g)", "0", "No effect"),
    ("y ~ (1 | 1)", "1", "A group is a column"),
    ("y ~ (1 | 'g')", "'g'", "without quotes"),
    ("y ~ (1 | log(g))", "log(g)", "not a computation"),
    ("y ~ (1 | g == 2)", "g == 2", "A group is a column"),
    ("y ~ (1 | a - b)", "b", "There is no b to take away"),
    ("y ~ (1 | mm(a))", "mm(a)", "two or more columns"),
    ("y ~ (1 | mm(a, a))", "mm(a, a)", "twice"),
    ("y ~ (1 | mm(a, b, weights=w))", "weights=w", "cbind"),
    ("y ~ (1 | mm(a, b, weights=cbind(w)))", "mm(a, b, weights=cbind(w))", "one column of weights for each"),
    ("y ~ (1 | mm(a, b):c)", "mm(a, b)", "stands alone"),
    ("y ~ (1 | gr(g, by=g))", "gr(g, by=g)", "sub-population of itself"),
    ("y ~ (1 | gr(g, yb=f))", "yb=f", "Known: by, cov"),
    ("y ~ (1 | gr(g, cor=FALSE))", "cor=FALSE", "(1 + x || g)"),
    ("y ~ (1 | gr(g, by=f, by=f))", "by=f", "twice"),
    ("y ~ (1 | gr(g, cov=K, by=f))", "(1 | gr(g, cov=K, by=f))", "single column"),
    ("y ~ known(1 | g)", "known(1 | g)", "needs the name of its matrix"),
    ("y ~ known(1 | g, 2)", "2", "given by its name"),
    ("y ~ known(1 | a:b, K)", "known(1 | a:b, K)", "single column"),
    ("y ~ known(1 | gr(g, cov=K), L)", "known(1 | gr(g, cov=K), L)", "said twice"),
    ("y ~ known(1 | g, K, d=2)", "d=2", "no options"),
    ("y ~ (1 | interaction(a, b))", "interaction(a, b)", "(1 | a:b)"),
    ("y ~ (1 | (1 | g))", "1 | g", "cannot hold another"),
    ("y ~ ((1 | a) | b)", "(1 | a)", "cannot hold another"),
    ("y ~ (offset(z) | g)", "offset(z)", "An offset cannot vary"),
    ("y ~ x - (1 | g)", "(1 | g)", "cannot be taken away"),
    ("y ~ x*(1 | g)", "1 | g", "stands alone"),
    ("y ~ (1 | g):x", "1 | g", "stands alone"),
    ("y ~ us(x | g):z", "us(x | g)", "stands alone"),
    ("y ~ (1 | p | q | g)", "1 | p | q | g", "not a group term"),
    ("y ~ (x || p | g)", "x || p | g", "not a group term"),
    ("y ~ (1 | a + b | g)", "a + b", "shared id"),
    ("y ~ log(1 | g)", "log", "not a covariance structure"),
    # structures
    ("y ~ uss(1 + x | g)", "uss", "Did you mean 'us'"),
    ("y ~ unstructred(x | g)", "unstructred", "Did you mean 'unstructured'"),
    ("y ~ arma(0 + t | g)", "arma", "not available yet"),
    ("y ~ equalto(0 + t | g)", "equalto", "not available yet"),
    ("y ~ toepp(0 + t | g)", "toepp", "Did you mean 'toep'"),
    ("y ~ us(x || g)", "x || g", "contradict"),
    ("y ~ us(x | g, 2)", "2", "needs its name"),
    ("y ~ us(x | g, d=z)", "z", "literal value"),
    ("y ~ us(x | g, hom=TRUE)", "hom=TRUE", "no homogeneous form"),
    ("y ~ cs(x | g, d=1, d=2)", "d=2", "given twice"),
    # the left side
    ("1 ~ x", "1", "The response is a column"),
    ("'y' ~ x", "'y'", "The response is a column"),
    ("-y ~ x", "-y", "not a response"),
    ("y/n ~ x", "y/n", "trials(n)"),
    ("a + b ~ x", "a + b", "mvbind(y1, y2)"),
    ("y == 1 ~ x", "y == 1", "I(y == 1)"),
    ("y[1] ~ x", "1", 'y["yes"]'),
    ("poly(y, 2) ~ x", "poly", "not read on the left"),
    ("factor(y) ~ x", "factor", 'y["yes"] ~ x'),
    ("weighted(y, w) ~ x", "weighted", "y | weights(w)"),
    ("censored(y, s) ~ x", "censored", "not available yet"),
    ("trials(n) ~ x", "trials", "comes after a bar"),
    ("c(a, b) ~ x", "c", "mvbind"),
    ("mvbind(y) ~ x", "mvbind(y)", "two responses"),
    ("mvbind(a, b) | weights(w) ~ x", "weights(w)", "no additions"),
    ("y | tirals(n) ~ x", "tirals", "Did you mean 'trials'"),
    ("y | wieghts(n) ~ x", "wieghts", "Did you mean 'weights'"),
    ("y | cens(c) ~ x", "cens", "not available yet"),
    ("y | trunc(lb=0) ~ x", "trunc", "not available yet"),
    ("y | rate(e) ~ x", "rate", "offset(log(exposure))"),
    ("y | n ~ x", "n", "Only additions"),
    ("y | trials(n) * weights(w) ~ x", "trials(n) * weights(w)", "Only additions"),
    ("y | trials(n) - weights(w) ~ x", "weights(w)", "Only additions"),
    ("y | trials(n) | weights(w) ~ x", "y | trials(n) | weights(w)", "One bar"),
    ("y || trials(n) ~ x", "y || trials(n)", "One bar"),
    ("y | trials() ~ x", "trials()", "needs a column"),
    ("y | trials('n') ~ x", "'n'", "no meaning here"),
    ("y | trials(n, m) ~ x", "m", "does not take this"),
    ("y | weights(w, scale=TRUE) ~ x", "scale=TRUE", "does not take this"),
    ("y | se(s, sigma=2) ~ x", "sigma=2", "True or False"),
    ("y | trials(n) + trials(m) ~ x", "trials(m)", "given twice"),
    ("cbind(a, b) | trials(n) ~ x", "cbind(a, b) | trials(n)", "given twice"),
    ("cbind(a) ~ x", "cbind(a)", "takes two"),
    ("p(a, b, c) ~ x", "p(a, b, c)", "takes two"),
    ("cbind(1, b) ~ x", "1", "successes are a column"),
    # the response on the right
    ("y ~ x + y", "y", "cannot predict itself"),
    ("log(y) ~ x:y", "y", "cannot predict itself"),
    ("y ~ (1 | y)", "y", "cannot predict itself"),
    ("y ~ (y | g)", "y", "cannot predict itself"),
    ("y ~ x + offset(log(y))", "y", "cannot predict itself"),
    ("cbind(a, b) ~ b", "b", "cannot predict itself"),
    ("`my y` ~ `my y`", "`my y`", "cannot predict itself"),
]


@pytest.mark.parametrize(("typed", "place", "said"), MALFORMED, ids=[m[0] for m in MALFORMED])
def test_refused_with_the_place_and_the_remedy(typed: str, place: str, said: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(typed, structures=STRUCTURES)
    problem = caught.value
    assert typed[problem.start : problem.stop] == place
    assert said in str(problem)
    line = str(problem).split("\n")
    assert line[1] == f"  {typed}"
    assert line[2] == "  " + " " * problem.start + "^" * len(place)
    assert problem.hint is None or problem.hint in str(problem)


def test_the_last_of_equal_places_is_meant() -> None:
    """Where a word occurs twice the caret is under the one at fault."""
    for typed, start in [
        ("y ~ x + y", 8),
        ("y ~ x*x", 6),
        ("y ~ (x) + (z", 10),
        ("y ~ x ~ z", 6),
        ("cbind(a, b) ~ b", 14),
    ]:
        with pytest.raises(FormulaError) as caught:
            parse(typed)
        assert caught.value.start == start


@pytest.mark.parametrize(
    ("typed", "parameters", "place", "said"),
    [
        (["y ~ x", "z"], (), "z", "needs a '~'"),
        (["y ~ x", "y ~ z"], (), "y", "formula already"),
        (["y ~ x", "sigma ~ z", "sigma ~ w"], ("sigma",), "sigma", "formula already"),
        (["y ~ x", "mu ~ z"], ("mu",), "mu", "formula already"),
        (["y ~ x", "log(sigma) ~ z"], ("sigma",), "log(sigma)", "Write sigma ~ x"),
        (["y ~ x", "sigma | weights(w) ~ z"], ("sigma",), "sigma | weights(w)", "Write sigma ~ x"),
        (["mvbind(a, b) ~ x", "sigma ~ z"], ("sigma",), "sigma", "mvbind"),
        (["y ~ x", "sigma ~ y"], ("sigma",), "y", "cannot predict itself"),
        (["y ~ x", "sigma ~ (1 | g"], ("sigma",), "(", "never closed"),
        ("y ~ x\nsigma ~ lgo(z)", ("sigma",), "lgo", "Did you mean 'log'"),
        ("y ~ x\nz w", (), "z", "An operator is missing"),
    ],
)
def test_several_formulas(typed: str | list[str], parameters: Sequence[str], place: str, said: str) -> None:
    with pytest.raises(FormulaError, match=said.replace("(", "\\(")) as caught:
        parse(typed, parameters=parameters)
    text = typed if isinstance(typed, str) else "\n".join(typed)
    assert caught.value.text == text
    assert text[caught.value.start : caught.value.stop] == place
    assert caught.value.start > text.index("\n")


@pytest.mark.parametrize(
    "typed", ["", "  \n ", [], [""], ["y ~ x", " "], None, 3, b"y ~ x", ["y ~ x", None], {"y": "x"}]
)
def test_what_is_not_text_is_refused(typed: object) -> None:
    with pytest.raises(FormulaError):
        parse(typed)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------------- limits
BOMBS = [
    "y ~ (" + " + ".join(f"x{i}" for i in range(30)) + ")**30",
    "y ~ (" + " + ".join(f"x{i}" for i in range(60)) + ")^2",
    "y ~ " + "*".join(f"x{i}" for i in range(400)),
    "y ~ (1 | " + "*".join(f"x{i}" for i in range(12)) + ")",
    "y ~ " + " + ".join("(1 | " + "*".join(f"g{i}{k}" for i in range(6)) + ")" for k in range(30)),
    "y ~ " + "*".join(["(a*b*c*d*e*f*g*h*i)"] * 450),
    "y ~ " + " + ".join(["(1 | (a*b*c*d*e*f*g*h)*(a*b*c*d*e*f*g*h))"] * 200),
    "y ~ ((a + b + c + d + e + f + g + h + i + j)^9)^9",
    "y ~ " + " + ".join(f"x{i}" for i in range(1001)),
    "mvbind(" + ", ".join(f"y{i}" for i in range(300)) + ") ~ a + b + c + d",
    "y ~ " + "(" * 51 + "x" + ")" * 51,
    "y ~ " + "I(" * 51 + "x" + ")" * 51,
    "y ~ " + "{" * 4000 + "x" + "}" * 4000,
    "y ~ " + "(" * 9000,
    "y ~ " + "-" * 9000 + "x",
    "y ~ I(" + "-" * 60 + "x)",
    "y ~ I(" + "2**" * 60 + "x)",
    "y ~ " + "x^" * 3000 + "2",
    "y ~ I(" + "+".join(["x"] * 3000) + ")",
    "y ~ " + "[" * 9000,
    "y ~ x" + "1" * 11_000,
    "y ~ " + "1" * 9000,
    "y ~ I(x + " + "9" * 5000 + ")",
    "y ~ (a + b)^" + "9" * 40,
    "y ~ x" + " " * 10_000,
    "y ~ x" + "\n" * 10_000,
    "y" + " | trials(n)" * 800 + " ~ x",
]


@pytest.mark.parametrize("typed", BOMBS, ids=range(len(BOMBS)))
def test_bombs_are_refused_quickly(typed: str) -> None:
    began = time.perf_counter()
    with pytest.raises(FormulaError) as caught:
        parse(typed)
    assert time.perf_counter() - began < 3
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "typed",
    [
        "y ~ " + " + ".join(f"x{i}" for i in range(1000)),
        "y ~ (" + " + ".join(f"x{i}" for i in range(40)) + ")^2",
        "y ~ " + "(" * 50 + "x" + ")" * 50,
        "y ~ " + "I(" * 50 + "x" + ")" * 50,
        "y ~ (a + b)^" + "9" * 20,
        "y ~ I(" + " + ".join(f"x{i}" for i in range(100)) + ")",
        "y ~ " + " + ".join(f"(1 | g{i})" for i in range(500)),
    ],
    ids=range(7),
)
def test_large_formulas_within_the_limits_are_read(typed: str) -> None:
    began = time.perf_counter()
    assert len(columns(parse(typed))) >= 2
    assert time.perf_counter() - began < 3


# ------------------------------------------------------------------------------------------------------------ attacks
ATTACKS = [
    "y ~ os.system('echo hi')",
    "y ~ __import__('os').system('echo hi')",
    "y ~ I(__import__('os'))",
    "y ~ I(pd.io.common.os.system('echo hi'))",
    "y ~ {__import__('os').getpid()*x}",
    "y ~ np.os.system('x')",
    "y ~ numpy.load('x')",
    "y ~ np.load('/etc/passwd')",
    "y ~ np.fromfile('/etc/passwd')",
    "y ~ np.genfromtxt('/etc/passwd')",
    "y ~ np.ctypeslib.load_library('c', '/')",
    "y ~ np.testing.run_module_suite(x)",
    "y ~ np.f2py.compile('x')",
    "y ~ np.random.seed(1)",
    "y ~ np.linalg.norm(x)",
    "y ~ np.log.__class__(x)",
    "y ~ np.log.__globals__",
    "y ~ numpy.log.__reduce__()",
    "y ~ np.log",
    "y ~ log.__call__(x)",
    "y ~ x.__class__",
    "y ~ x.__class__.__bases__[0].__subclasses__()",
    "y ~ x.to_csv('/tmp/x')",
    "y ~ x.values.tofile('/tmp/x')",
    "y ~ I(x).__class__",
    "y ~ (x).__class__",
    "y ~ 'a'.__class__",
    "y ~ ().__class__",
    "y ~ [].__class__",
    "y ~ eval('1')",
    "y ~ exec('import os')",
    "y ~ open('/etc/passwd')",
    "y ~ compile('1', '', 'eval')",
    "y ~ getattr(x, '__class__')",
    "y ~ globals()",
    "y ~ locals()['x']",
    "y ~ vars()",
    "y ~ breakpoint()",
    "y ~ input()",
    "y ~ print(x)",
    "y ~ exit()",
    "y ~ I(lambda: 0)",
    "y ~ [x for x in (1, 2)]",
    "y ~ I(x if 1 else 2)",
    "y ~ x := 3",
    "y ~ f'{x}'",
    "y ~ I(f\"{__import__('os')}\")",
    "y ~ I(f == '\\x41')",
    "y ~ I(f == 'a' 'b')",
    "y ~ I(f == 'a\"b')",
    "y ~ I(f == '''a''')",
    "y ~ x\x00",
    "y ~ x\u202e + z",
    "y ~ x\u200b",
    "y ~ `x`(1)",
    "y ~ `__import__`('os')",
    "y ~ `log`(x)",
    "y ~ `x\ny`",
    "y ~ log(*x)",
    "y ~ log(**x)",
    "y ~ log(x, out=x)",
    "y ~ log(x, where=x)",
    "y ~ np.log(x, dtype='O')",
    "y ~ poly(x, __class__=2)",
    "y ~ C(f, os.system)",
    "y ~ C(f, Treatment(os.system('x')))",
    "y ~ C(f, Treatment.__init__)",
    "y ~ bs(x, knots=open('x'))",
    "y ~ (1 | os.system('x'))",
    "y ~ (1 | g.__class__)",
    "y ~ (os.system('x') | g)",
    "y ~ (1 | __import__ | g)",
    "y ~ us(1 | g, d=os.system('x'))",
    "y ~ us(1 | g, d=__import__)",
    "y ~ os.us(1 | g)",
    "os.system('x') ~ 1",
    "__import__('os') ~ 1",
    "y.__class__ ~ 1",
    "y[__import__('os')] ~ 1",
    "y['\\'] ~ 1",
    "y | trials(os.system('x')) ~ 1",
    "y | weights(__class__) ~ 1",
    "y | os.system('x') ~ 1",
    "y | se(s, sigma=os) ~ 1",
    "y ~ offset(os.system('x'))",
    "y ~ offset(np.load('x'))",
    "y ~ x; import os",
    "y ~ x\nimport os",
    "y ~ _x",
    "y ~ __x__",
    "y ~ x.y",
    "y ~ \\x",
    "y ~ @x",
    "y ~ $(x)",
    "y ~ !ls",
    "y ~ %system ls",
]


def watched(typed: object, **options: object) -> tuple[Formula | FormulaError, list[str]]:
    with watch() as events:
        try:
            result: Formula | FormulaError = parse(typed, **options)  # type: ignore[arg-type]
        except FormulaError as problem:
            result = problem
        seen = list(events)
    return result, seen


def test_the_watch_sees() -> None:
    with watch() as events:
        open(__file__).close()
        compile("1", "", "eval")
    assert {"open", "compile"} <= {event.split(":")[0] for event in events}


@pytest.mark.parametrize("typed", ATTACKS)
def test_attacks_are_refused_and_nothing_runs(typed: str) -> None:
    result, events = watched(typed)
    assert isinstance(result, FormulaError)
    assert not events
    assert result.text == typed
    assert 0 <= result.start < result.stop


@pytest.mark.parametrize("random", [a.removeprefix("y ~ ") for a in ATTACKS if a.startswith("y ~ ")])
def test_attacks_through_the_dialect(random: str) -> None:
    for options in ({"random": random}, {"residual": random}, {"random": f"us({random}):g"}):
        result, events = watched("y ~ 1", parameters=("sigma",), **options)
        assert isinstance(result, FormulaError)
        assert not events


def test_a_module_name_is_only_a_column() -> None:
    """``np`` alone is a column that the data must have; no namespace is searched."""
    assert columns(parse("y ~ os + I(np)")) == ("y", "os", "np")


# --------------------------------------------------------------------------------------------------------------- fuzz
WORDS = [
    *(
        "y",
        "x",
        "g",
        "f",
        "`a b`",
        "Intercept",
        "sigma",
        "units",
        "np.log",
        "os.system",
        "__class__",
        "x.y",
        ".",
        "True",
    ),
    *(
        "log",
        "I",
        "C",
        "poly",
        "offset",
        "us",
        "idh",
        "uss",
        "trials",
        "weights",
        "se",
        "cbind",
        "mvbind",
        "factor",
        "Sum",
    ),
    *("0", "1", "2", "0.5", "1e3", "9999999", "'a'", '"yes"', "degree=2", "sigma=TRUE", "d=1", "="),
    *(
        "+",
        "-",
        "*",
        "/",
        ":",
        "^",
        "**",
        "|",
        "||",
        "~",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        "==",
        "<",
        "%in%",
        "&",
        "!",
    ),
    *(" ", "\n", "\n", "'", '"', "`", "\\", ";", "é", "²", "−", "\x00", "\u2028"),
]
words = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
glued = st.lists(st.sampled_from(WORDS), max_size=15).map("".join)
leaf = st.sampled_from(
    ["x", "z", "g", "1", "0", "log(x)", "I(x^2)", "(1 | g)", "(x || a/b)", "C(f)", "offset(x)", "us(x | g)"]
)
grown = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/:^|"), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("log({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=12,
).map("y ~ {}".format)


@settings(max_examples=2500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(words, glued, grown, st.text(max_size=60), words.map("y ~ {}".format)))
def test_only_formula_errors_come_out(typed: str) -> None:
    result, events = watched(typed, parameters=("mu", "sigma"))
    assert not events
    if isinstance(result, FormulaError):
        assert str(result)
        return
    check(result)


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(words, glued, grown.map(lambda t: t[4:])))
def test_only_formula_errors_come_out_of_the_dialect(typed: str) -> None:
    for options in ({"random": typed}, {"residual": typed}):
        result, events = watched("y ~ x", parameters=("mu", "sigma"), **options)
        assert not events
        if isinstance(result, Formula):
            check(result)


def terms(common: str) -> list[frozenset[str]]:
    return [frozenset(term.split(":")) for term in common.split(" + ")]


def check(formula: Formula) -> None:
    """What every formula that is read promises."""
    source = formula.source
    for predictor in formula.predictors:
        assert predictor.common.split(" + ")[0] in ("0", "1")
        again = parse(f"`any response` ~ {predictor.common}").predictors[0]
        assert terms(again.common) == terms(predictor.common)
        assert not again.bars
        for bar in predictor.bars:
            assert bar.factors
            assert bar.effects.split(" + ")[0] in ("0", "1")
            assert bar.effects != "0"
            assert source[bar.start : bar.stop] == bar.text
    for column in columns(formula):
        assert column in source


def test_closed_brackets_do_not_make_room_for_deeper_ones() -> None:
    """A survivor of mutation testing: the depth that is counted goes down by one for each bracket that closes."""
    closed = " + ".join(f"(x + z{i})" for i in range(40))
    with pytest.raises(FormulaError, match="nest"):
        parse(f"y ~ {closed} + {'(' * 60}x{')' * 60}")
    assert parse(f"y ~ {closed} + {'(' * 30}x{')' * 30}")
