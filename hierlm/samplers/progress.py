"""Saying that a model compiles or is sampled, to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["NOTEBOOK", "compiling", "counting"]

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


@contextmanager
def counting(shown: bool, total: int) -> Iterator[Callable[[int], None]]:
    """A function that is told, from any thread, how many of ``total`` draws were made; a bar while the block runs.

    Nothing in logs, or unless ``shown``; in notebooks nothing either, where bars need widgets.
    """
    if not shown:
        yield lambda many: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if console.is_jupyter or not console.is_terminal:
        yield lambda many: None
        return
    columns = TextColumn("Sampling"), BarColumn(), MofNCompleteColumn(), TextColumn("left:"), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda many: bar.advance(task, many)
