"""A reconciliation as HTML, as a data frame and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from openmonetize.notebook.columns import DAY, MONEY, TEXT, WHOLE, Column
from openmonetize.notebook.frames import to_pandas
from openmonetize.notebook.libraries import library
from openmonetize.notebook.tables import Table
from openmonetize.reconcile.reasons import EXPECTED, NO_EVENT, REASONS

if TYPE_CHECKING:
    from openmonetize.reconcile.result import Reconciliation

MAX_BARS = 10  # the others are left out, the smallest first
# Told apart by all eyes (https://jfly.uni-koeln.de/color/, by Okabe and Ito).
_COLOURS = {"recorded": "#56B4E9", "platform": "#0072B2", "provider": "#E69F00"}
_SIZE = (6.0, 3.6)  # inches
_TEXTS = ("provider", "model", "feature", "reason")
_CELL = "padding:2px 10px 2px 0;vertical-align:top"
_LEFT, _RIGHT, _ONE_LINE = "text-align:left;", "text-align:right;", "white-space:nowrap;"
_SENTENCE = f"{_LEFT}min-width:9em;white-space:normal!important;"
_LINE = "border-top:1px solid color-mix(in srgb, currentColor 25%, transparent)"
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Reconciliation</title>
<style>:root {{ color-scheme: light dark }} body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em }}</style>
<body>{}</body>
</html>
"""

_SHOWN = (
    ("recorded_events", "recorded events"),
    ("platform_events", "platform events"),
    ("provider_requests", "provider requests"),
    ("recorded_usd", "recorded USD"),
    ("platform_usd", "platform USD"),
    ("provider_usd", "provider USD"),
)


def frame(shown: Reconciliation, name: str, money: str) -> Any:
    """Return the rows or the differences as a ``pandas.DataFrame``."""
    kind, rows = shown.table(name)
    columns = [Column(field, _kind(field), ()) for field in kind._fields]
    values = [tuple(_midnight(value) for value in row) for row in rows]
    made = to_pandas(Table(name, columns, values), money)
    made.attrs["range"] = str(shown.range)
    made.attrs["limits"] = list(shown.notes)
    return made


def _kind(field: str) -> str:
    if field == "day":
        return DAY
    if field in _TEXTS:
        return TEXT
    return MONEY if field.endswith("usd") else WHOLE


def _midnight(value: Any) -> Any:
    return datetime(value.year, value.month, value.day, tzinfo=timezone.utc) if type(value) is date else value


def page(shown: Reconciliation) -> str:
    """Return a page of HTML."""
    return _PAGE.format(html(shown))


def html(shown: Reconciliation) -> str:
    """Return the rows and the reasons as tables."""
    provider = shown.provider_usd
    total = [f"recorded {_money(shown.recorded_usd)}", f"platform {_money(shown.platform_usd)}"]
    if provider is not None:
        total.append(f"provider {_money(provider)}")
    verdict = "agrees" if shown else f"off by {_money(shown.off_usd)} US dollars"
    heads = [name for name in ("day", "provider", "model", "feature") if _is_grouped(shown, name)]
    cells = [
        [*(_group(name, getattr(row, name)) for name in heads), *(_amount(getattr(row, name)) for name, _ in _SHOWN)]
        for row in shown.rows
    ]
    parts = [
        f'<div style="font-weight:bold">Reconciliation {escape(str(shown.range))}: {verdict}</div>',
        f"<div>US dollars: {escape(', '.join(total))}</div>",
        _table([*heads, *(title for _, title in _SHOWN)], cells, [_LEFT] * len(heads) + [_RIGHT] * len(_SHOWN)),
    ]
    reasons = [
        [reason, _money(usd), REASONS[reason] + (" (as it should be)" if reason in EXPECTED else "")]
        for reason, usd in shown.by_reason().items()
    ]
    if reasons:
        parts.append(_table(["reason", "USD", "what it is"], reasons, [_LEFT, _RIGHT, _SENTENCE]))
    parts += [f"<div>{escape(note)}</div>" for note in shown.notes]
    return f'<div style="overflow-x:auto;max-width:100%">{"".join(parts)}</div>'


def _is_grouped(shown: Reconciliation, name: str) -> bool:
    return name in shown.by or (name == "provider" and "model" in shown.by)


def _group(name: str, value: Any) -> str:
    if value == "" and name == "feature":
        return NO_EVENT
    return "" if value is None else str(value)


def _amount(value: Any) -> str:
    if value is None:
        return ""
    return _money(value) if isinstance(value, Decimal) else f"{value:,}"


def _money(amount: Decimal) -> str:
    return f"{round(amount, 4) + 0:,.4f}"  # + 0: no sign before a zero


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], sides: Sequence[str]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        inner = "".join(
            f'<{tag} style="{_CELL};{side}{"" if tag == "th" else _ONE_LINE}">{escape(cell)}</{tag}>'
            for side, cell in zip(sides, cells)
        )
        return f'<tr style="{_LINE}">{inner}</tr>'

    body = "".join(line(row, "td") for row in rows)
    return (
        f'<table style="border-collapse:collapse;margin:8px 0"><thead>{line(heads, "th")}</thead>'
        f"<tbody>{body}</tbody></table>"
    )


def plot(shown: Reconciliation, ax: Any = None) -> Any:
    """Plot the three columns and return the Axes."""
    if ax is None:
        _, ax = library("matplotlib.pyplot").subplots(figsize=_SIZE, layout="constrained")
    heads = [name for name in ("day", "model", "feature") if name in shown.by]
    series = ["recorded", "platform"] + (["provider"] if shown.provider_usd is not None else [])
    rows = sorted(shown.rows, key=lambda row: max(row.recorded_usd, row.platform_usd, row.provider_usd or Decimal(0)))
    rows = rows[-MAX_BARS:]
    height = 0.8 / len(series)
    for number, name in enumerate(reversed(series)):
        places = [place + (number - (len(series) - 1) / 2) * height for place in range(len(rows))]
        values = [float(getattr(row, f"{name}_usd") or 0) for row in rows]
        ax.barh(places, values, height, color=_COLOURS[name], label=name)
    labels = [" ".join(filter(None, (_group(name, getattr(row, name)) for name in heads))) for row in rows]
    ax.set_yticks(range(len(rows)), [label or "other usage" for label in labels])
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    ax.set_xlabel("US dollars")
    days = dict.fromkeys(moment.date().isoformat() for moment in shown.range if moment is not None)
    ax.set_title(f"Recorded, billed and charged\n{' to '.join(days)} (UTC)", loc="left", fontsize=11)
    if rows:
        drawn, names = ax.get_legend_handles_labels()
        ax.legend(drawn[::-1], names[::-1], loc="lower right", fontsize=9, framealpha=0.9)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax
