"""The panel's results as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.benchmarks.panel_models import Row

__all__ = ["table"]

PEERS = ("peer-diag", "peer-lowrank")
HEAD = """| data | hierlm | Bambi + nutpie, diagonal | low rank | ratio | ratio, second call |
|---|---|---|---|--:|--:|"""
LEGEND = """
Cells: seconds of the call, min ESS over all scalars (bulk and tail), their quotient; divergences; gradients a draw;
peak memory of the process. Ratio: hierlm's ESS a second over the better peer's.
† other than 1,000 draws of each chain.
‡ Bambi has independent slopes only: its numbers are those of the model without correlation."""

Records = Mapping[tuple[str, str], Mapping[str, Any]]


def table(rows: Sequence[Row], records: Records) -> str:
    """Lines of Markdown.

    Parameters
    ----------
    rows : sequence of Row
    records : mapping
        (data, contender) → what ``panel_run`` wrote.
    """
    lines = [HEAD]
    for row in rows:
        beside = row.beside or row.name
        cells = [cell(records.get((row.name, "ours")))]
        cells += [cell(records.get((beside, peer)), mark="‡" if row.beside else "") for peer in PEERS]
        cells += [ratio(row.name, beside, records, which) for which in ("first", "second")]
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n" + LEGEND


def cell(record: Mapping[str, Any] | None, mark: str = "") -> str:
    """What one contender reached at its first call."""
    if record is None:
        return ""
    first = record.get("first")
    if first is None:
        return str(record["note"]).partition(":")[0]
    parts = [
        f"{first['seconds']:.2f} s",
        f"ESS {least(first):.0f}",
        f"{first['rate']:.3g}/s",
        f"{first['divergences']} div" if first["divergences"] else "",
        f"{first['steps']:.0f} grad" if first["steps"] is not None else "",
        f"{first['resident']:.0f} MB",
    ]
    fewer = f" †{record['draws']}" if record["draws"] != 1000 else ""
    return ", ".join(filter(None, parts)) + fewer + mark


def least(call: Mapping[str, Any]) -> float:
    """The smaller of bulk and tail."""
    return min(call["ess"]["bulk"], call["ess"]["tail"])


def ratio(name: str, beside: str, records: Records, which: str) -> str:
    """hierlm's ESS a second over the better peer's."""
    ours = (records.get((name, "ours")) or {}).get(which)
    peers = [(records.get((beside, peer)) or {}).get(which) for peer in PEERS]
    rates = [peer["rate"] for peer in peers if peer]
    return f"{ours['rate'] / max(rates):.3g} ×" if ours and rates and max(rates) > 0 else ""
