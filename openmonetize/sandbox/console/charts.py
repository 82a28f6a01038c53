"""Charts of usage by model and day, drawn as SVG by the server.

All lengths are percentages, so that a chart fills its place on the page and its texts keep their size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from openmonetize.sandbox.billing.money import usd
from openmonetize.sandbox.clock import DAY, to_datetime
from openmonetize.sandbox.console.colours import Colours
from openmonetize.sandbox.console.markup import (
    Markup,
    alike,
    compact,
    counted,
    decimals,
    dollars,
    html,
    joined,
    number,
    text,
)
from openmonetize.sandbox.console.queries import Sums, UsageWindow

# Models with a colour of their own; the others share one. The style sheet has the classes m0 to m6.
_MAX_COLOURED_MODELS = 6
_OTHERS = "all others"
_LABEL_INTERVAL = 6  # every sixth column has a label: as many as fit on a phone

_WITHOUT_MODEL = {
    "API_CALL": "API calls",
    "CUSTOM": "custom units",
    "FEATURE_ACCESS": "feature access",
    "IMAGE_GENERATION": "images without a model",
    "TOKEN_USAGE": "tokens without a model",
}


class Metric(NamedTuple):
    """A measure of usage: its label and value, and how that is written: in full, in short, and in a list.

    For the last one, the argument is the largest value of the list.
    """

    label: str
    value: Callable[[Sums], float]
    written: Callable[[Sums], str]
    short: Callable[[float], str]
    listed: Callable[[float], Callable[[float], str]]


def _whole(value: float) -> str:
    return f"{value:,.0f}"


METRICS: dict[str, Metric] = {
    "credits": Metric(
        "Credits", lambda s: s.credits, lambda s: counted(s.credits, "credit"), compact, lambda _: _whole
    ),
    "tokens": Metric(
        "Tokens",
        lambda s: s.input_tokens + s.output_tokens,
        lambda s: f"{counted(s.input_tokens, 'token')} in, {number(s.output_tokens)} out",
        compact,
        lambda _: _whole,
    ),
    "events": Metric("Events", lambda s: s.events, lambda s: counted(s.events, "event"), compact, lambda _: _whole),
    "cost": Metric(
        "Cost",
        lambda s: float(usd(s.cost)),
        lambda s: f"{dollars(usd(s.cost))} provider cost",
        lambda value: f"${compact(value)}",
        lambda most: lambda value: f"${value:,.{2 if most >= 1 else 6}f}",
    ),
}


class Series(NamedTuple):
    """The usage of one colour of the chart: in all, and by the start of each step."""

    name: str
    colour: int
    total: Sums
    steps: dict[int, Sums]


def series(usage: UsageWindow, metric: Metric, known: Colours) -> list[Series]:
    """Return the models, the most used first; those without a colour of their own become one series."""
    totals: dict[str, Sums] = {}
    for (_, model), sums in usage.sums.items():
        totals[model] = totals.get(model, Sums()).plus(sums)
    ranked = sorted(totals, key=lambda model: (-metric.value(totals[model]), model))
    # The last colour is that of all others, or of the only other one.
    count = _MAX_COLOURED_MODELS + (len(ranked) <= _MAX_COLOURED_MODELS + 1)
    own = ranked[:count]
    first_used = {model: start for start, model in sorted(usage.sums, reverse=True)}
    colours = known.assign(sorted(own, key=lambda model: (first_used[model], model)), count)
    found: dict[str, Series] = {}
    for (start, model), sums in usage.sums.items():
        if model in colours:
            name, colour = _WITHOUT_MODEL.get(model, model), colours[model]
        else:
            name, colour = _OTHERS, _MAX_COLOURED_MODELS
        each = found.setdefault(name, Series(name, colour, Sums(), {}))
        each.steps[start] = each.steps.get(start, Sums()).plus(sums)
        found[name] = each._replace(total=each.total.plus(sums))
    return sorted(found.values(), key=lambda each: (each.name == _OTHERS, -metric.value(each.total), each.name))


def columns(usage: UsageWindow, found: list[Series], metric: Metric) -> Markup:
    """Return a stacked column for each step."""
    heights = [sum(metric.value(each.steps.get(start, Sums())) for each in found) for start in usage.starts]
    top, ticks = scale(max(heights, default=0))
    width = 100 / len(usage.starts)
    bars: list[Markup] = []
    for index, start in enumerate(usage.starts):
        below = 0.0
        for each in found:
            sums = each.steps.get(start)
            value = metric.value(sums) if sums else 0.0
            if sums is None or value <= 0:
                continue
            below += value
            bars.append(
                html(
                    '<rect class="m{colour}" x="{x:.3f}%" y="{y:.3f}%" width="{width:.3f}%" height="{height:.3f}%">'
                    "<title>{moment}: {name}, {written}</title></rect>",
                    colour=each.colour,
                    x=(index + 0.12) * width,
                    y=100 - below / top * 100,
                    width=0.76 * width,
                    height=value / top * 100,
                    moment=_moment(start, usage.step),
                    name=text(each.name, 60),
                    written=metric.written(sums),
                )
            )
    lines = joined(html('<line x1="0" x2="100%" y1="{y:g}%" y2="{y:g}%"/>', y=100 - t / top * 100) for t in ticks)
    return html(
        '<div class="plot"><ol class="scale" aria-hidden="true">{scale}</ol>'
        '<div class="area"><svg class="columns" role="img" aria-label="{label}">{lines}{bars}</svg></div>'
        '<svg class="moments" aria-hidden="true">{moments}</svg></div>',
        scale=joined(html("<li>{value}</li>", value=metric.short(tick)) for tick in reversed(ticks)),
        label=f"{metric.label} by {'hour' if usage.step < DAY else 'day'} and model; the same as a table is below",
        lines=lines,
        bars=joined(bars),
        moments=_moments(usage),
    )


def table(usage: UsageWindow, found: list[Series], metric: Metric) -> Markup:
    """Return the same as `columns`, as a table: for screen readers, and for exact figures."""
    written = metric.listed(max((metric.value(sums) for each in found for sums in each.steps.values()), default=0))
    used = [start for start in usage.starts if any(start in each.steps for each in found)]
    head = joined(html('<th scope="col">{name}</th>', name=text(each.name, 40)) for each in found)
    body = joined(
        html(
            '<tr><th scope="row">{moment}</th>{cells}</tr>',
            moment=_moment(start, usage.step),
            cells=joined(
                html("<td>{value}</td>", value=written(metric.value(each.steps.get(start, Sums())))) for each in found
            ),
        )
        for start in used
    )
    return html(
        '<details class="figures"><summary>As a table</summary><div class="wide"><table><thead><tr>'
        '<th scope="col">UTC</th>{head}</tr></thead><tbody>{body}</tbody></table></div></details>',
        head=head,
        body=body,
    )


def models(found: list[Series], metric: Metric) -> Markup:
    """Return a bar for each model."""
    most = max((metric.value(each.total) for each in found), default=0) or 1
    places = decimals(usd(each.total.cost) for each in found)
    amount = metric.listed(most)
    tokens = alike(tokens for each in found for tokens in (each.total.input_tokens, each.total.output_tokens))
    return joined(
        html(
            '<li><span class="swatch m{colour}"></span><span class="name">{name}</span>'
            '<span class="amount">{amount}</span><svg class="bar" aria-hidden="true">'
            '<rect class="m{colour}" width="{share:.2f}%" height="100%"/></svg><span class="more">{more}</span></li>',
            colour=each.colour,
            name=text(each.name, 60),
            amount=amount(metric.value(each.total)),
            share=metric.value(each.total) / most * 100,
            more=_used(each.total, places, tokens),
        )
        for each in found
    )


def _used(sums: Sums, places: int, written: Callable[[float], str]) -> str:
    tokens = f" · {written(sums.input_tokens)} in, {written(sums.output_tokens)} out"
    given = sums.input_tokens or sums.output_tokens
    return f"{counted(sums.events, 'event')}{tokens if given else ''} · {dollars(usd(sums.cost), places)} cost"


def share(left: int, spent: int) -> Markup:
    """Return a bar that shows how much of a wallet is left."""
    whole = max(left, 0) + spent
    part = max(left, 0) / whole * 100 if whole else 0.0
    return html(
        '<svg class="bar share" aria-hidden="true"><rect width="{part:.2f}%" height="100%"/></svg>',
        part=part,
    )


def scale(highest: float) -> tuple[float, list[float]]:
    """Return a round number not below `highest`, and the ticks up to it."""
    if highest <= 0:
        return 1.0, [0.0, 1.0]
    rough = highest / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough * (1 - 1e-9))
    steps = max(1, math.ceil(highest / step * (1 - 1e-9)))
    return step * steps, [step * index for index in range(steps + 1)]


def _moment(start: int, step: int) -> str:
    return to_datetime(start).strftime("%d %b %Y" if step >= DAY else "%H:00")


def _moments(usage: UsageWindow) -> Markup:
    """Return the labels below the columns."""
    width = 100 / len(usage.starts)
    form = "%d %b" if usage.step >= DAY else "%H:00"
    return joined(
        html(
            '<text x="{x:.3f}%" y="1em" text-anchor="middle">{label}</text>',
            x=(index + 0.5) * width,
            label=to_datetime(start).strftime(form),
        )
        for index, start in enumerate(usage.starts)
        if (len(usage.starts) - 1 - index) % _LABEL_INTERVAL == _LABEL_INTERVAL // 2
    )
