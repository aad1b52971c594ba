"""phylogeny: relatedness of species from a tree."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from hierlm.covariances.inheritance import Inheritance
from hierlm.errors import ModelError

__all__ = ["phylogeny"]


def phylogeny(tree: str | PathLike[str], *, schema: str = "newick", scale: bool = True) -> Inheritance:
    """How are species related by descent?  Covariances of a trait that drifts along a tree (Brownian motion).

    A node's value is its parent's and what changes along the branch between them, aᵢ = a_parent + √(length) zᵢ, so that
    the covariance of two tips is the length of the path that they share from the root.  Inner nodes are levels too, and
    the precision matrix (``.inverse``) is sparse (Hadfield & Nakagawa 2010, *Journal of Evolutionary Biology*
    23:494–508).

    Parameters
    ----------
    tree : str or path
        The tree as text, or a file that holds it.
    schema : {"newick", "nexus"}
        How the text is written.
    scale : bool, default True
        Divide branch lengths by the longest distance of a tip from the root: tips of an ultrametric tree then have
        variance one, and the group's standard deviation is theirs.

    Returns
    -------
    hierlm.covariances.inheritance.Inheritance
        Its labels are those of tips and of inner nodes (``"node1"``, … where the tree names none); the root, whose
        value is the intercept's, is left out.  To be handed over by name:
        ``hl.Model("y ~ 1 + known(1 | species, tree)", data, matrices={"tree": hl.phylogeny("tree.nwk")})``.

    Raises
    ------
    ModelError
        For text that is no tree, a branch without length, and labels that occur twice; without DendroPy.

    Examples
    --------
    >>> tree = phylogeny("((a:1,b:1)ab:2,c:3);")
    >>> tree.labels
    ('ab', 'a', 'b', 'c')
    >>> tree.dense(["a", "b", "c"]).round(2)
    array([[1.  , 0.67, 0.  ],
           [0.67, 1.  , 0.  ],
           [0.  , 0.  , 1.  ]])
    """
    nodes = _nodes(_read(tree, schema))
    index = {id(node): k for k, node in enumerate(nodes)}
    labels, lengths = _labels(nodes), np.array([_length(node) for node in nodes])
    parents = np.full((len(nodes), 2), -1, dtype=np.int64)
    parents[:, 0] = [index.get(id(node.parent_node), -1) for node in nodes]
    heights = np.array(lengths)
    for k, above in enumerate(parents[:, 0]):
        heights[k] += heights[above] if above >= 0 else 0.0
    if scale:
        lengths = lengths / heights.max()
    return Inheritance(labels, parents, np.ones(parents.shape), lengths)


def _read(tree: Any, schema: str) -> Any:
    """The tree as DendroPy reads it."""
    if schema not in ("newick", "nexus"):
        raise ModelError(f"A tree in the format {schema!r} is not read.", hint="Use 'newick' or 'nexus'.")
    try:
        import dendropy  # type: ignore[import-untyped]
    except ImportError as problem:
        raise ModelError(
            "Trees are read by DendroPy, which is not installed.", hint="pip install dendropy"
        ) from problem
    if not isinstance(tree, (str, PathLike)):
        raise ModelError(f"A tree is text or a file, not a {type(tree).__name__}.", hint='Write "((a:1,b:1):2,c:3);".')
    text = str(tree) if isinstance(tree, str) and ("(" in tree or "\n" in tree) else _file(tree)
    try:
        return dendropy.Tree.get(
            data=text,
            schema=schema,
            preserve_underscores=True,
            suppress_internal_node_taxa=True,
            rooting="force-rooted",
        )
    except Exception as problem:  # DendroPy raises many kinds
        reason = str(problem).strip().splitlines()
        raise ModelError(
            f"This is no tree in the {schema} format: {reason[-1] if reason else type(problem).__name__}.",
            hint="Check its brackets and the semicolon at its end.",
        ) from problem


def _file(tree: str | PathLike[str]) -> str:
    try:
        return Path(tree).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ModelError(
            f"The tree {str(tree)!r} cannot be read: {problem}.", hint="Give its text or file."
        ) from problem


def _nodes(tree: Any) -> list[Any]:
    """All nodes but the root, parents first."""
    nodes = [node for node in tree.preorder_node_iter() if node.parent_node is not None]
    if len(nodes) < 2:
        raise ModelError("The tree has fewer than two branches.", hint="Check the file; a tree ends with a semicolon.")
    return nodes


def _length(node: Any) -> float:
    length = node.edge_length
    if length is None or not np.isfinite(length) or length < 0:
        name = node.taxon.label if node.taxon is not None else node.label or "an inner node"
        raise ModelError(
            f"The branch to {name!r} has {'no length' if length is None else f'the length {length}'}.",
            hint="Every branch needs a length; hierlm does not invent any.",
        )
    return float(length)


def _labels(nodes: list[Any]) -> list[str]:
    """Names of tips and inner nodes; those without one are numbered.

    Raises
    ------
    ModelError
        When two have the same.
    """
    labels: list[str] = []
    number = 0
    for node in nodes:
        label = node.taxon.label if node.taxon is not None else node.label
        if not node.is_leaf() and (label is None or _support(label)):
            number += 1
            label = f"node{number}"
        labels.append(str(label))
    twice = next((v for v in labels if labels.count(v) > 1), None) if len(set(labels)) < len(labels) else None
    if twice is not None:
        raise ModelError(f"The tree has more than one node {twice!r}.", hint="Give every node a name of its own.")
    return labels


def _support(label: str) -> bool:
    """Whether an inner node's label is a number: support of the clade, no name."""
    try:
        float(label)
    except ValueError:
        return False
    return True
