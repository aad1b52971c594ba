"""Docstrings of everything that users may call say what is so: parameters, references, errors."""

from __future__ import annotations

import builtins
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hierlm as hl
from tests.architecture.test_public_names import sections

PACKAGE = Path(hl.__file__).parent
MODULES = [
    "hierlm",
    "hierlm.posterior",
    "hierlm.plots",
    "hierlm.fit",
    "hierlm.storage",
    "hierlm.datasets",
    "hierlm.testing",
]
CLASSES = [hl.Model, hl.Fit, hl.Prior, hl.LKJ]
ENTRY = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: ?: ?(.+)| \(.*)?$")


def callables() -> Iterator[tuple[str, Any]]:
    """Public functions and classes by name, and the public methods of the classes that users hold."""
    seen: set[int] = set()
    for module in MODULES:
        loaded = importlib.import_module(module)
        for name in loaded.__all__:
            value = getattr(loaded, name)
            if callable(value) and id(value) not in seen and not _is_error(value):
                seen.add(id(value))
                yield f"{module}.{name}", value
    for plot in ("caterpillar", "components", "lines", "ppc", "shrinkage", "smooths"):
        yield f"hierlm.plots.{plot}.{plot}", getattr(importlib.import_module(f"hierlm.plots.{plot}"), plot)
    for owner in CLASSES:
        for name, value in vars(owner).items():
            function = getattr(value, "__func__", value)
            if not name.startswith("_") and inspect.isfunction(function):
                yield f"{owner.__name__}.{name}", function


def _is_error(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


ALL = dict(callables())


def parameters(value: Any) -> list[str]:
    """Names in the signature, in order, without self and what only catches further arguments."""
    found = inspect.signature(value).parameters.values()
    return [p.name for p in found if p.name not in {"self", "cls"} and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def described(doc: str) -> list[str]:
    """Names that the section Parameters describes, in order; a class's Attributes are not among them."""
    body = sections(doc).get("Parameters", "")
    names: list[str] = []
    for line in body.splitlines():
        if line and not line[0].isspace() and (found := ENTRY.match(line)):
            names += [n.lstrip("*") for n in found[1].split(", ")]
    return names


def points_elsewhere(doc: str) -> bool:
    return len(doc.strip().splitlines()) <= 8 and "see :func:`" in doc


@pytest.mark.parametrize("name", ALL)
def test_parameters_are_those_of_the_signature(name: str) -> None:
    doc = inspect.getdoc(ALL[name]) or ""
    wanted, found = parameters(ALL[name]), described(doc)
    caught = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    options = {p.name for p in inspect.signature(ALL[name]).parameters.values() if p.kind in caught}
    assert set(found) <= set(wanted) | options, f"{name} describes what it does not take"
    if points_elsewhere(doc):
        return
    if not (isinstance(ALL[name], type) or len(wanted) > 1 or "Parameters" in doc):
        return  # one argument, which the summary names
    positional = [n for n in found if n in wanted]
    assert positional == [n for n in wanted if n in positional], f"{name}: another order than the signature's"
    missing = [n for n in wanted if n not in found]
    assert not [n for n in missing if n not in _summary(doc)], f"{name} does not describe {missing}"


def _summary(doc: str) -> str:
    """The text before the sections: methods of a class may speak of the class's own arguments there."""
    return sections(doc).get("", "")


@pytest.mark.parametrize("name", ALL)
def test_what_is_returned_is_described(name: str) -> None:
    value, doc = ALL[name], inspect.getdoc(ALL[name]) or ""
    assert doc, name
    if isinstance(value, type) or points_elsewhere(doc):
        return
    returned = inspect.get_annotations(value).get("return")
    if returned not in (None, "None"):
        described_here = {"Returns", "Yields"} & set(sections(doc))
        assert described_here or len(doc.splitlines()) <= 3 or "Parameters" not in doc, f"{name}: no section Returns"


def _resolves(reference: str) -> bool:
    parts = reference.split(".")
    for stop in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:stop]))
        except ImportError:
            continue
        for part in parts[stop:]:
            if inspect.isclass(value) and part in inspect.get_annotations(value):
                return True
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
        return True
    return False


SOURCES = sorted(PACKAGE.rglob("*.py"))
REFERENCE = re.compile(r":(?:func|class|meth|mod|data|attr):`~?(hierlm[\w.]*)`")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_references_lead_somewhere(path: Path) -> None:
    lost = [r for r in REFERENCE.findall(path.read_text(encoding="utf-8")) if not _resolves(r)]
    assert not lost, lost


@pytest.mark.parametrize("name", ALL)
def test_errors_exist(name: str) -> None:
    parts = sections(inspect.getdoc(ALL[name]) or "")
    for section in ("Raises", "Warns"):
        for line in parts.get(section, "").splitlines():
            if line and not line[0].isspace() and set(line) != {"-"}:
                for error in line.split(", "):
                    assert hasattr(hl, error) or hasattr(builtins, error), f"{name}: {section} {error}"


@pytest.mark.parametrize("name", hl.__all__)
def test_examples_call_what_they_show(name: str) -> None:
    """An example that never names its function shows something else."""
    value = getattr(hl, name)
    if _is_error(value):
        return
    examples = sections(inspect.getdoc(value) or "")["Examples"]
    assert ">>>" in examples
    assert re.search(rf"\b{name}\b|\b{name.lower()}\b", examples), examples


def test_the_lint_sees_what_is_wrong() -> None:
    """The tools of this file themselves."""
    doc = "Does.\n\nParameters\n----------\nb, c : int\n    Two.\n*rest : str\n\nRaises\n------\nValueError\n"
    assert described(doc) == ["b", "c", "rest"]
    assert parameters(lambda a, *rest, b=1, **options: None) == ["a", "b"]
    assert _resolves("hierlm.posterior.predict") and _resolves("hierlm.Model.fit") and _resolves("hierlm.Fit.draws")
    assert not _resolves("hierlm.posterior.predicted") and not _resolves("hierlm.Model.fitted")
