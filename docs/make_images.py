"""Runs the README's example, draws its pictures and writes down its output: ``python docs/make_images.py``.

The pictures go to docs/images/; the output replaces the text block that follows the example in README.md.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
EXAMPLE = re.compile(r"(<!-- sampled -->\n```python\n(.*?)```\n\n(?:<br[^>]*>\n\n)?)```text\n.*?```", re.DOTALL)


def example(readme: str) -> tuple[str, dict[str, Any]]:
    """What the example prints, and the names that it leaves."""
    found = EXAMPLE.search(readme)
    assert found is not None, "README.md has no example marked as sampled with a text block after it"
    names: dict[str, Any] = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        exec(compile(found[2], "README.md", "exec"), names)  # noqa: S102
    return printed.getvalue().strip(), names


def draw(fit: Any) -> None:
    """The pictures of the README."""
    IMAGES.mkdir(exist_ok=True)
    drawn = {"shrinkage": fit.plot.shrinkage("Subject"), "lines": fit.plot.lines("Days", "Subject")}
    for name, picture in drawn.items():
        picture.savefig(IMAGES / f"sleepstudy-{name}.png", dpi=110, bbox_inches="tight")


def main() -> None:
    """Rewrite README.md and the pictures."""
    path = ROOT / "README.md"
    readme = path.read_text(encoding="utf-8")
    output, names = example(readme)
    path.write_text(EXAMPLE.sub(lambda found: f"{found[1]}```text\n{output}\n```", readme, count=1), encoding="utf-8")
    draw(names["fit"])


if __name__ == "__main__":
    main()
