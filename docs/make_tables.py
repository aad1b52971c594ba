"""Writes the tables of the pages that say what the code says: ``python docs/make_tables.py``.

A table stands between ``<!-- table: name -->`` and ``<!-- end -->``.  tests/docs/test_pages.py holds the pages to it.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hierlm.families import FAMILIES, Family
from hierlm.kernels.responses import RESPONSES
from hierlm.links import LINKS

DOCS = Path(__file__).resolve().parent
ROWS = tomllib.loads((DOCS / "coming-from" / "rows.toml").read_text(encoding="utf-8"))
COMING_FROM = sorted(p for p in (DOCS / "coming-from").glob("*.md") if p.name != "README.md")
PAGES = ("grammar.md", "limitations.md", "priors.md", *(f"coming-from/{p.name}" for p in COMING_FROM))
PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def first_paragraph(thing: object) -> str:
    """Of a docstring, in Markdown, on one line."""
    text = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return text.replace("``", "`").replace("|", r"\|").rstrip(".")


def table(*rows: tuple[str, ...]) -> str:
    """A Markdown table, the header first."""
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body]) + "\n"


def code(*names: str) -> str:
    """``a``, ``b``."""
    return ", ".join(f"`{name}`" for name in names)


def families() -> Iterator[tuple[str, ...]]:
    """What every family is called, what it is, its links and parameters."""
    yield ("family", "also read", "distribution", "links of the mean", "other parameters")
    for family in every_family():
        mean, *others = family.parameters
        links = code(mean.link, *(link for link in mean.links if link != mean.link))
        parameters = ", ".join(f"`{p.name}` ({p.link})" for p in others)
        yield (f"`{family.name}`", code(*family.aliases), first_paragraph(type(family)), links, parameters)


def links() -> Iterator[tuple[str, ...]]:
    """Every link."""
    yield ("link", "also read", "definition")
    for link in LINKS.values():
        yield (f"`{link.name}`", code(*link.aliases), first_paragraph(type(link)))


def priors() -> Iterator[tuple[str, ...]]:
    """The default priors of every family's own parameters, and the yardstick."""
    yield ("family", "its parameters", "centre m and spread s")
    for family in every_family():
        yield (f"`{family.name}`", first_paragraph(family.default_priors), first_paragraph(family.link_scale))


def kernels() -> Iterator[tuple[str, ...]]:
    """Which links of the mean have a kernel, and which have none."""
    yield ("family", "links with a kernel", "links without one")
    for family in every_family():
        known = [link for link in family.parameters[0].links if f"{family.name}:{link}" in RESPONSES]
        yield (f"`{family.name}`", code(*known), code(*(x for x in family.parameters[0].links if x not in known)))


def coming_from(system: str) -> Iterator[tuple[str, ...]]:
    """What is typed in another system, and what is typed here."""
    yield (system, "hierlm", "")
    for theirs, ours, note in ROWS[system]:
        yield (f"`{theirs}`".replace("|", r"\|"), f"`{ours}`".replace("|", r"\|"), note.replace("|", r"\|"))


def every_family() -> list[Family]:
    """Each once, in the order of their names."""
    return sorted(FAMILIES.values(), key=lambda family: family.name)


TABLES = {"families": families, "links": links, "priors": priors, "kernels": kernels}
TABLES |= {system: partial(coming_from, system) for system in ROWS}


def rendered(page: str) -> str:
    """The text of a page with its tables as they should be."""
    return PLACE.sub(lambda place: place[1] + table(*TABLES[place[2]]()) + place[3], page)


if __name__ == "__main__":
    for name in PAGES:
        path = DOCS / name
        path.write_text(rendered(path.read_text(encoding="utf-8")), encoding="utf-8")
