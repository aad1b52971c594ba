"""Attacks made by hand: strings that would run code, read files or never end in something that evaluates formulas.

``tests/badinput/test_formula_text.py`` has 96 that the reader alone refuses.  These go through a whole model, with data
that have columns of the names an attack needs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["FORMULAS", "PAYLOADS", "hostile_data"]

PAYLOADS = [
    "__import__('os').system('touch owned')",
    "().__class__.__bases__[0].__subclasses__()",
    "open('owned', 'w')",
    "exec('import os')",
    "eval(compile('1', '', 'eval'))",
    "np.os.system('touch owned')",
    "{0.__class__}",
    "%(x)s%n",
    "$(touch owned)",
    "`touch owned`",
    "'; import os; os.system('touch owned'); '",
    "x\nimport os",
    "\x00",
    "..\\..\\owned",
    "../../owned",
    "file:///etc/passwd",
    "http://localhost/owned",
    "<script>alert(1)</script>",
    "cos\nsystem\n(S'touch owned'\ntR.",
    "!!python/object/apply:os.system ['touch owned']",
]
"""What is put in every place that takes a string."""


def _fullwidth(text: str) -> str:
    """Letters that Python takes for the plain ones (NFKC)."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _mathematical(text: str) -> str:
    return "".join(chr(0x1D44E + ord(c) - ord("a")) if "a" <= c <= "z" and c != "h" else c for c in text)


_MANY = " + ".join(f"x{i}" for i in range(26))
FORMULAS: dict[str, str] = {
    # attributes and dunders
    "attribute": "y ~ x.real",
    "dunder": "y ~ x.__class__",
    "dunder of a call": "y ~ log(x).__class__",
    "dunder of a literal": "y ~ I((1).__class__)",
    "dunder of text": "y ~ I(f == 'a'.__class__)",
    "dunder of a quoted column": "y ~ `x`.__class__",
    "subclasses": "y ~ I(x.__class__.__mro__[1].__subclasses__())",
    "globals of a function": "y ~ log.__globals__['os']",
    "code of a function": "y ~ log.__code__",
    "dunder as a keyword": "y ~ bs(x, __class__=3)",
    "dunder as a column": "y ~ __builtins__",
    "a dunder column that is there": "y ~ __class__",
    "an underscored column that is there": "y ~ _x",
    # imports, through NumPy and otherwise
    "import": "y ~ __import__('os').system('touch owned')",
    "quoted import": "y ~ `__import__`('os')",
    "import inside I": "y ~ I(__import__('os').getpid() * x)",
    "import inside braces": "y ~ {__import__('os').getpid()}",
    "NumPy's os": "y ~ np.os.system('touch owned')",
    "NumPy's sys": "y ~ I(np.sys.modules)",
    "NumPy's load": "y ~ np.load('/etc/passwd', allow_pickle=True)",
    "NumPy's memmap": "y ~ np.memmap('/etc/passwd')",
    "NumPy's fromfile": "y ~ np.fromfile('/etc/passwd')",
    "NumPy's vectorize": "y ~ np.vectorize(eval)(x)",
    "NumPy's frompyfunc": "y ~ np.frompyfunc(x, 1, 1)",
    "NumPy's apply": "y ~ np.apply_along_axis(eval, 0, x)",
    "NumPy's piecewise": "y ~ np.piecewise(x, 1, 'eval')",
    "NumPy's lib": "y ~ np.lib.format.open_memmap('owned', 'w+')",
    "NumPy's ctypeslib": "y ~ np.ctypeslib.load_library('c', '/')",
    "NumPy's testing": "y ~ np.testing.rundocs('owned')",
    "NumPy by a column's name": "y ~ I(np + os)*eval",
    "SciPy": "y ~ scipy.special.expit(x)",
    "pandas": "y ~ pd.eval('1')",
    "pandas by @": "y ~ @pd.eval('1')",
    # string tricks
    "formatted text": "y ~ I(f'{x}')",
    "bytes": "y ~ I(f == b'a')",
    "raw text": "y ~ I(f == r'a')",
    "escape": "y ~ I(f == '\\x41')",
    "long escape": "y ~ I(f == '\\N{DIGIT ONE}')",
    "joined texts": "y ~ I(f == 'a' 'b')",
    "text by arithmetic": "y ~ I('a' * 999999999)",
    "format of text": "y ~ I('{0.__class__}'.format(x))",
    "percent format": "y ~ I('%s' % x)",
    "level that closes its quote": "y ~ C(f, Treatment('a') + __import__('os'))",
    "level in three quotes": 'y ~ I(f == """a""")',
    "null byte": "y ~ x\x00 + z",
    "null byte in quotes": "y ~ `x\x00`",
    "end of line in quotes": "y ~ `x\nimport os`",
    "comment": "y ~ x # import os",
    "continued line": "y ~ x + \\\nz",
    # syntax of Python
    "lambda": "y ~ I((lambda v: v)(x))",
    "walrus": "y ~ I((v := x))",
    "comprehension": "y ~ I([v for v in x])",
    "generator": "y ~ I(sum(v for v in x))",
    "mapping": "y ~ I({x: x})",
    "conditional": "y ~ I(x if x else z)",
    "await": "y ~ I(await x)",
    "yield": "y ~ I((yield x))",
    "star": "y ~ log(*x)",
    "two stars": "y ~ log(**x)",
    "slice": "y ~ I(x[0:1])",
    "index": "y ~ I(x[0])",
    "ellipsis": "y ~ I(...)",
    "statement": "y ~ x; import os",
    "assignment": "y ~ I(x = 3)",
    "annotation": "y ~ I(x: int)",
    "bits": "y ~ I(x << 99999)",
    "decorator": "y ~ @x",
    # look-alikes
    "fullwidth import": f"y ~ {_fullwidth('__import__')}('os')",
    "fullwidth eval": f"y ~ {_fullwidth('eval')}(x)",
    "mathematical exec": f"y ~ {_mathematical('exec')}(x)",
    "ligature": "y ~ \ufb01le(x)",
    "long s": "y ~ o\u017f.system('x')",
    "fullwidth dot": "y ~ x\uff0e__class__",
    "one dot leader": "y ~ x\u2024__class__",
    "fullwidth brackets": "y ~ log\uff08x\uff09",
    "right to left": "y ~ \u202ex + z",
    "zero width": "y ~ x\u200b.real",
    "combining": "y ~ x\u0338 + z",
    "surrogate": "y ~ x\ud800",
    "Cyrillic": "y ~ l\u043eg(x)",
    # expansions and sizes
    "power of a sum": f"y ~ ({_MANY})**20",
    "power of a power": "y ~ ((a + b + f)**9999)**9999",
    "product of many": "y ~ " + "*".join(f"x{i}" for i in range(60)),
    "product of sums": "y ~ " + "*".join(["(x + z + f + g)"] * 40),
    "crossed groups": "y ~ (1 | " + "*".join(f"g{i}" for i in range(20)) + ")",
    "number that is a tower": "y ~ I(x ** 9 ** 9 ** 9 ** 9)",
    "constant tower": "y ~ I(9 ** 9 ** 9 ** 9)",
    "many digits": "y ~ I(x + " + "9" * 5000 + ")",
    "deep brackets": "y ~ " + "(" * 3000 + "x" + ")" * 3000,
    "deep calls": "y ~ " + "log(" * 2000 + "x" + ")" * 2000,
    "deep signs": "y ~ I(" + "-" * 5000 + "x)",
    "deep bars": "y ~ " + "(1 | " * 1000 + "g" + ")" * 1000,
    "long": "y ~ " + "x + " * 500_000 + "x",
    "long name": "y ~ " + "x" * 1_000_000,
    "long quoted name": "y ~ `" + "x" * 1_000_000 + "`",
    "long text": "y ~ I(f == '" + "x" * 1_000_000 + "')",
    "blanks": "y ~ x" + " " * 1_000_000,
    "lines": "\n" * 1_000_000 + "y ~ x",
    "slow pattern": "y ~ " + "1" * 4000 + "e" * 4000 + "+",
    "degree": "y ~ poly(x, 999999999)",
    "degree of raw powers": "y ~ poly(x, 999999999, raw=True)",
    "degree of a spline": "y ~ bs(x, degree=999999999)",
    "degrees of freedom": "y ~ bs(x, df=999999999)",
    # other places of a formula
    "response": "__import__('os').system('touch owned') ~ x",
    "level of a response": "y[__import__('os')] ~ x",
    "addition": "y | weights(__import__('os')) ~ x",
    "option of an addition": "y | se(s, sigma=__import__('os')) ~ x",
    "grouping": "y ~ (1 | __import__('os'))",
    "id of a grouping": "y ~ (1 | __import__ | g)",
    "option of a structure": "y ~ us(1 | g, d=__import__('os'))",
    "structure": "y ~ __import__(1 | g)",
    "offset": "y ~ offset(__import__('os').getpid())",
    "parameter": "y ~ x\n__import__('os') ~ x",
}


def hostile_data() -> pd.DataFrame:
    """A table with columns called as modules, builtins and attacks, and levels that are attacks."""
    n = 40
    rng = np.random.default_rng(1)
    numbers = ["y", "x", "z", "np", "os", "eval", "log", "_x", "__class__", "__import__", "__builtins__", "pd", "w"]
    data: dict[str, object] = {name: rng.normal(size=n) for name in [*numbers, *(f"x{i}" for i in range(26))]}
    data |= {"s": rng.uniform(1, 2, n), "w": rng.uniform(1, 2, n)}
    data |= {name: rng.permuted(np.resize(PAYLOADS[:4], n)) for name in ("f", "g", "a", "b")}
    return pd.DataFrame(data)
