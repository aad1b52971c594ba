"""Settings of the site: ``make docs``.

The source folder is the repository, so that pages, notebooks and CONTRIBUTING.md link each other by the paths that they
have in a checkout.  Notebooks are shown with the outputs that they keep; building the site runs nothing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from inventories import TYPES, available  # noqa: E402
from numpydoc.xref import DEFAULT_LINKS  # noqa: E402
from sphinx.util.nodes import make_refnode  # noqa: E402

import hierlm  # noqa: E402

OWN = [name for name in hierlm.__all__ if name[0].isupper()]
"""Classes of hierlm, errors too, whose names link to their page where a docstring has them as a type."""

project = "hierlm"
author = "the hierlm developers"
copyright = "the hierlm developers"  # noqa: A001
version = release = hierlm.__version__

root_doc = "docs/index"
include_patterns = ["docs/**", "notebooks/*.ipynb", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"]
exclude_patterns = ["docs/paper/**", "**/.ipynb_checkpoints", ".*", "build", "tests", "hierlm", "*.egg-info"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_copybutton",
]

# ------------------------------------------------------------------------------------------------ pages and notebooks
myst_enable_extensions = [
    "colon_fence",
    "deflist",
]  # formulas are written in Unicode: no page loads a script from elsewhere
myst_heading_anchors = 4
nb_execution_mode = "off"
suppress_warnings = ["myst.strikethrough", "mystnb.unknown_mime_type"]
copybutton_exclude = ".linenos, .gp, .go"

# ------------------------------------------------------------------------------------------------ docstrings
autodoc_typehints = "none"  # numpydoc sections have them
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
add_module_names = False
python_display_short_literal_types = True

# What docstrings refer to is in other projects' inventories, which come from the internet.  A build without it must not
# fail, so they are looked for only where HIERLM_INTERSPHINX=1 (or a folder that has them) says so.
intersphinx_mapping = available(os.environ.get("HIERLM_INTERSPHINX", ""), ROOT / "build" / "inventories")
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {word: word for word in DEFAULT_LINKS} | TYPES | {name: f"hierlm.{name}" for name in OWN}
numpydoc_xref_ignore = "all"  # words that are none of these

# ------------------------------------------------------------------------------------------------ looks
html_theme = "furo"
html_title = "hierlm"
html_static_path = ["_static"]
html_extra_path = ["_site_root"]  # an index.html that leads to docs/
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "github-dark"

# ------------------------------------------------------------------------------------------------ the changelog
KINDS = {"added": "Added", "changed": "Changed", "fixed": "Fixed"}


def unreleased() -> str:
    """What changelog.d has, by kind: the changes since the last release, as towncrier will write them."""
    lines = ["## Since the last release", ""]
    for kind, title in KINDS.items():
        fragments = sorted((ROOT / "changelog.d").glob(f"*.{kind}.md"))
        lines += [f"### {title}", ""] if fragments else []
        for fragment in fragments:
            said = fragment.read_text(encoding="utf-8").strip().replace("](docs/", "](").replace("\n", "\n  ")
            lines += [said if said.startswith(("- ", "* ")) else f"* {said}", ""]
    return "\n".join(lines)


def fill_changelog(app: Any, name: str, source: list[str]) -> None:
    """Put the fragments into the page of changes."""
    if name == "docs/changelog":
        source[0] = source[0].replace("<!-- unreleased -->", unreleased())


def find_by_last_name(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Where ``hierlm.posterior.loo`` leads: to ``hierlm.loo``, which the reference has; None where it has nothing."""
    path, _, name = node.get("reftarget", "").removesuffix("()").rpartition(".")
    if node.get("refdomain") != "py" or not path.startswith("hierlm"):
        return None
    domain, folder = env.get_domain("py"), ".".join(path.split(".")[:2])
    inside = [
        place for place, found in domain.objects.items()
        if place.startswith(f"{folder}.") and place.endswith(f".{name}") and found.objtype in ("function", "class")
    ]  # fmt: skip
    for place in (*([] if folder == "hierlm.plots" else [f"hierlm.{name}", f"hierlm.testing.{name}"]), *inside[:1]):
        if place in domain.objects:
            found = domain.objects[place]
            return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, contnode, place)
    return None


def setup(app: Any) -> None:
    """Sphinx's entry point."""
    app.connect("source-read", fill_changelog)
    app.connect("missing-reference", find_by_last_name)
