"""A search of the readers of text that is led by coverage: ``make fuzz``, ``python -m tests.safety.fuzz_reader CORPUS``.

libFuzzer, by way of atheris (the extra ``fuzz``), keeps the inputs that reach new branches of ``hierlm.formula`` and of the
reader of hypotheses, and mutates them further.  Each is read as a formula, as ``random=`` and ``residual=``, and as a statement
about parameters.  A run fails at the first input that gives anything but a value or a ``FormulaError``, that causes
an import, a file, a process, a socket or a compilation, or that takes more than five seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.safety.audit import watch

SOUND = [
    "y ~ x*f + poly(x, 2) + bs(z, df=4) + C(f, Sum) + I(x > 1) + (x || g/h)",
    "s | trials(n) + weights(w) ~ offset(log(e)) + us(1 + x | g) + (1 | p | h)",
    "mvbind(y, z) ~ 0 + `a b` + (a + b)^2 - a:b\nsigma ~ x",
    "y ~ s(x, k=5, by=f) + t2(x, z) + (1 | mm(a, b, weights=(v, w)))\nsd(g) ~ z",
    "y ~ known(1 | g, K) + toep(0 + f | g) + exp(0 + f | g, nugget=True) + (1 | gr(g, by=f))",
    "y ~ x\nsigma ~ ident(f) + power(x)",
    "ar1(t | g)",
    "mat(x + z | g, nu=2.5, nugget=True)",
    "us(1 + x):g + idh(f):units",
    "b[x] > 0 & -0.3 < b[f[top]] / sigma <= 2e-1",
    "abs(cor_g[Intercept, x]) = sqrt(exp(sd_g[Intercept])) - log(sigma)^2",
]

PARAMETERS = {
    "b": ("[Intercept]", "[x]", "[f[top]]"),
    "sd_g": ("[Intercept]", "[x]"),
    "cor_g": ("[Intercept, x]",),
    "sigma": ("",),
}
"""Variables and labels that a statement may name."""


def reader() -> Callable[[bytes], None]:
    """What is called with every input; its modules are imported here, so that atheris can put its counters into them."""
    import atheris

    with atheris.instrument_imports(include=["hierlm.formula", "hierlm.posterior.hypotheses.reader"]):
        from hierlm.errors import FormulaError
        from hierlm.formula import parse
        from hierlm.posterior.hypotheses.reader import Names, read_target
    from hierlm.correlations import POSITIONS
    from hierlm.covariances import NEEDS, STRUCTURES

    known = {"parameters": ("mu", "sigma"), "structures": STRUCTURES, "needs": NEEDS, "correlations": POSITIONS}
    names = Names.of([(variable, [variable + label for label in labels]) for variable, labels in PARAMETERS.items()])

    def read(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")  # what is no UTF-8 becomes lone surrogates
        with watch() as events:
            for options in ({}, {"random": text}, {"residual": text}):
                with suppress(FormulaError):
                    parse("y ~ x" if options else text, **known, **options)
            with suppress(FormulaError):
                read_target(text, names)
            seen = list(events)
        if seen:
            raise AssertionError(f"{text!r} caused {seen}")

    return read


def inputs() -> tuple[list[bytes], list[bytes]]:
    """The first inputs, and the words that are put into others."""
    from tests.badinput.test_formula_text import ATTACKS, MALFORMED, WORDS
    from tests.safety.attacks import FORMULAS

    texts = [*SOUND, *ATTACKS, *(m[0] for m in MALFORMED), *(t for t in FORMULAS.values() if len(t) < 1000)]
    return [t.encode("utf-8", "surrogatepass") for t in texts], [w.encode() for w in WORDS]


def main() -> None:
    """Write the first inputs and the dictionary, and search."""
    read = reader()
    import atheris

    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    texts, words = inputs()
    for i, text in enumerate(texts):
        (corpus / f"seed-{i}").write_bytes(text)
    dictionary = corpus.parent / "words.dict"
    quoted = ["".join(f"\\x{byte:02x}" for byte in word) for word in words]
    dictionary.write_text("".join(f'"{word}"\n' for word in quoted), encoding="ascii")
    for text in texts[:50]:  # what is imported when it is first used
        read(text)
    options = [f"-dict={dictionary}", f"-artifact_prefix={corpus.parent}/", "-timeout=5", "-max_len=300", *sys.argv[2:]]
    atheris.Setup([sys.argv[0], str(corpus), *options], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
