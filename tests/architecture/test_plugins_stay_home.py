"""Nobody outside its folder asks which family, structure or link it has: a plugin answers through its methods."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "hierlm"
HOMES = {"families": "Family", "covariances": "Covariance", "links": "Link", "samplers": "Sampler"}
ASKED = {"name", "family", "structure", "covariance", "link", "sampler"}  # identifiers that hold a plugin or its name


def home_files(home: str) -> list[Path]:
    return sorted((PACKAGE / home).rglob("*.py")) or [PACKAGE / f"{home}.py"]


def plugins(home: str) -> tuple[set[str], set[str]]:
    """(class names, registered names and aliases) of the plugins that are defined in a home."""
    classes, names = set(), set()
    for path in home_files(home):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ClassDef) or not node.bases:
                continue
            classes.add(node.name)
            for statement in node.body:
                target = (
                    statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
                )
                if isinstance(target, ast.Name) and target.id in {"name", "aliases"} and statement.value is not None:
                    names |= {c.value for c in ast.walk(statement.value) if isinstance(c, ast.Constant)}
    return classes - set(HOMES.values()) - {"ABC"}, {n for n in names if isinstance(n, str)}


def strings(node: ast.expr) -> set[str]:
    """The string constants that an expression may be equal to: itself, or the members of a literal collection."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return {s for element in node.elts for s in strings(element)}
    return set()


def identifier(node: ast.expr) -> str:
    """The last word of ``x``, ``a.b.x`` and ``x.lower()``."""
    if isinstance(node, ast.Call):
        return identifier(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def asks(node: ast.AST, classes: set[str], names: set[str]) -> bool:
    """Whether a node compares with a plugin's name, or is an isinstance or a match on its class."""
    match node:
        case ast.Compare():
            sides = [node.left, *node.comparators]
            return any(strings(s) & names for s in sides) and any(identifier(s) in ASKED for s in sides)
        case ast.Match():
            patterns = [p for case in node.cases for p in ast.walk(case.pattern)]
            values = [p.value for p in patterns if isinstance(p, ast.MatchValue)]
            return (identifier(node.subject) in ASKED and any(strings(v) & names for v in values)) or any(
                identifier(p.cls) in classes for p in patterns if isinstance(p, ast.MatchClass)
            )
        case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kinds]):
            return any(identifier(n) in classes for n in ast.walk(kinds) if isinstance(n, ast.Name | ast.Attribute))
    return False


def questions(source: str, classes: set[str], names: set[str]) -> list[tuple[int, str]]:
    """(line, text) of every place in a source that asks which plugin it has."""
    found = [node for node in ast.walk(ast.parse(source)) if asks(node, classes, names)]
    return [(node.lineno, ast.unparse(node).splitlines()[0]) for node in found]


@pytest.mark.parametrize("home", HOMES)
def test_no_conditional_on_a_plugin(home: str):
    classes, names = plugins(home)
    assert classes, f"no plugin found in hierlm/{home}: has it moved?"
    assert names
    inside = set(home_files(home))
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path not in inside
        for line, text in questions(path.read_text(encoding="utf-8"), classes, names)
    ]
    assert not found, "\n".join(["ask the plugin, do not ask which it is:", *found])


@pytest.mark.parametrize(
    "bad",
    [
        "model.family.name == 'poisson'",
        "family != 'poisson'",
        "x.name in ('a', 'poisson')",
        "'poisson' == family.lower()",
        "isinstance(c, us.Us)",
        "isinstance(c, (int, Us))",
    ],
)
def test_the_rule_catches(bad: str):
    assert questions(f"if {bad}: ...", {"Us"}, {"poisson"})


def test_the_rule_catches_match():
    assert questions("match family:\n  case 'a' | 'poisson': ...", {"Us"}, {"poisson"})
    assert questions("match c:\n  case Us(): ...", {"Us"}, {"poisson"})


@pytest.mark.parametrize("good", ["word == 'poisson'", "family == 'gaussian'", "isinstance(c, int)"])
def test_the_rule_lets_pass(good: str):
    assert not questions(f"if {good}: ...", {"Us"}, {"poisson"})
