"""Saying that a model compiles, to whoever watches a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["NOTEBOOK", "compiling"]

NOTEBOOK = """
<div class="hierlm-progress" style="margin:0.2em 0">
{% for chain in chains %}<progress max="{{ chain.total_draws }}" value="{{ chain.finished_draws }}"
style="width:6em;margin-right:0.4em"></progress>{% endfor %}
<span style="white-space:nowrap;margin-right:0.8em">{{ finished_chains }} of {{ num_chains }} chains done</span>
<span style="white-space:nowrap;margin-right:0.8em">divergences:
{% for chain in chains %} {{ chain.divergences }}{% endfor %}</span>
<span style="white-space:nowrap">steps a draw:{% for chain in chains %} {{ chain.latest_num_steps }}{% endfor %}</span>
{% if running_chains %}<span style="white-space:nowrap;margin-left:0.8em">
left: {{ time_remaining_estimate }}</span>{% endif %}
</div>
"""
"""One line for nutpie's progress in a notebook: a bar a chain, in whatever colours the page has."""


@contextmanager
def compiling(shown: bool) -> Iterator[None]:
    """A line on stderr while the block runs; gone afterwards.  Nothing in logs and notebooks, or unless ``shown``."""
    if not shown:
        yield
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_jupyter or not console.is_terminal:
        yield
        return
    with console.status("Compiling the model (takes longer the first time) …"):
        yield
