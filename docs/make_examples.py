"""Runs docs/examples and some further pages, keeps what they show: ``python docs/make_examples.py [name …]``.

A page is one session.  Its code stands in blocks marked ``<!-- sampled -->``.  What a block prints, or its last value,
goes into the ``text`` block that follows it; a figure into the file that a following ``{image}`` names; and a number of
the prose stands between ``<!-- = expression -->`` and ``<!-- . -->``, where the expression is evaluated after all code
of the page.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
import time
import warnings
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
FOLDER = DOCS / "examples"
OTHERS = (DOCS / "checking.md", DOCS / "effects.md", DOCS / "howto" / "nested-and-crossed.md")
"""Pages elsewhere that show what their code gives."""
CODE = re.compile(
    r"^<!-- sampled -->\n```python\n(?P<code>.*?)^```$"
    r"(?P<shown>\n\n```text\n(?P<text>.*?)^```$|\n\n```\{image\} (?P<image>\S+)$)?",
    re.MULTILINE | re.DOTALL,
)
NUMBER = re.compile(r"<!-- = (.+?) -->(.*?)<!-- \. -->", re.DOTALL)


def pages() -> list[Path]:
    """All examples, but not their index."""
    return sorted(p for p in FOLDER.glob("*.md") if p.name != "README.md")


def shown(code: str, names: dict[str, Any]) -> tuple[str, Any]:
    """What ``code`` prints, then the text of its last expression; and that expression's value."""
    tree, value = ast.parse(code), None
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<page>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<page>", "eval"), names)
    text = printed.getvalue() + (f"{value}\n" if value is not None else "")
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n", value


def filled(text: str, folder: Path, names: dict[str, Any] | None = None) -> str:
    """The page with what its code shows; figures are written to paths relative to ``folder``."""
    names = {"__name__": "page"} if names is None else names

    def run(found: re.Match[str]) -> str:
        said, value = shown(found["code"], names)
        if found["image"] is not None:
            value.savefig(folder / found["image"], dpi=160)
        if found["text"] is None:
            return found[0]
        return found[0][: found.start("text") - found.start()] + said + "```"

    def number(found: re.Match[str]) -> str:
        return f"<!-- = {found[1]} -->{eval(found[1], names)}<!-- . -->"

    return NUMBER.sub(number, CODE.sub(run, text))


def make(path: Path) -> None:
    """Run a page and write it back."""
    started = time.perf_counter()
    path.write_text(filled(path.read_text(encoding="utf-8"), path.parent), encoding="utf-8")
    print(f"{path.stem}: {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.use("Agg")
    warnings.simplefilter("error")  # what a page shows has no stray warnings
    for chosen in (*pages(), *OTHERS):
        if not sys.argv[1:] or chosen.stem in sys.argv[1:]:
            make(chosen)
