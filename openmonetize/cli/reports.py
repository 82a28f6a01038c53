"""What the platform knows of usage and cost, as plain data for programs that ask questions: agents, for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Optional

from openmonetize._schema.time_range import TimeRange, ranged
from openmonetize.cli.errors import CommandError
from openmonetize.cli.rows import field, row, rows
from openmonetize.compat import NotServedError

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize

Report = dict[str, Any]

MAX_USERS = 20  # of a comparison: each is some requests, of 100 a minute
_MAX_BOOKINGS = 2_000  # of a user: 20 requests
_MAX_CHANGES = 10  # of each kind
_ONE_MILLISECOND = timedelta(milliseconds=1)  # ranges include their ends

_GROUPS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "day": ("timeline", {"day": "var_date", "events": "events", "credits": "credits_burned"}),
    "model": (
        "by_provider",
        {
            "provider": "provider",
            "model": "model",
            "events": "event_count",
            "input_tokens": "input_tokens",
            "output_tokens": "output_tokens",
        },
    ),
    "feature": (
        "by_feature",
        {"feature": "feature_id", "events": "event_count", "credits": "credits_burned", "cost_usd": "cost_usd"},
    ),
}
_TOTALS = {"events": "total_events", "credits": "total_credits_burned", "provider_cost_usd": "total_cost_usd"}


def read_range(start: str | None, end: str | None, last: str | None, default: str) -> TimeRange:
    """Return the range that is meant: ``last`` is a length such as ``7d``, and `default` the one without arguments.

    Raises:
        CommandError: it has no beginning.
        ApiValueError: an argument cannot be read.
    """
    if start is None and last is None:
        if end is not None:
            raise CommandError("the range has no beginning: say where it starts, or how long it is")
        last = default
    _, asked = ranged({"start": start, "end": end, "last": last}, ("start", "end"))
    assert asked is not None
    if asked.end is None:
        _, now = ranged({"start": None, "end": None, "last": "1h"}, ("start", "end"))
        assert now is not None
        asked = asked._replace(end=now.end)
        if asked.start is not None and asked.end is not None and asked.start > asked.end:
            raise CommandError(f"the range begins in the future: {asked}")
    return asked


def range_before(span: TimeRange) -> TimeRange:
    """Return the range of the same length that ends where another one begins."""
    length = _length_of(span)
    assert span.start is not None
    end = span.start - _ONE_MILLISECOND
    return TimeRange(end - length, end)


def balance(om: OpenMonetize, user_id: str | None) -> Report:
    """Return the credits in a user's wallet, or in the customer's own."""
    if user_id is None:
        fields = {"balance": "balance", "reserved": "reserved_balance", "available": "available_balance"}
        return {"wallet_of": "the customer", **row(om.credits.balance().data, fields)}
    fields = {"balance": "balance", "reserved": "reserved", "available": "available"}
    return {"wallet_of": user_id, **row(om.credits.user_balance(user_id).data, fields)}


def usage(om: OpenMonetize, span: TimeRange, by: str) -> Report:
    """Return events, tokens and credits by day, model or feature."""
    part, fields = _GROUPS[by]
    answer = om.analytics.usage(start_date=span.start, end_date=span.end)
    total = _plain(row(field(answer, "data.summary"), _TOTALS))
    found = rows(field(answer, f"data.{part}"), fields)
    return {"range": str(span), "by": by, "total": total, "rows": [_plain(one) for one in found]}


def costs(om: OpenMonetize, span: TimeRange) -> Report:
    """Return revenue, provider cost and margin by model, in US dollars."""
    answer = om.analytics.costs(start_date=span.start, end_date=span.end)
    total = {
        "revenue_usd": "total_revenue",
        "provider_cost_usd": "total_provider_cost",
        "margin_usd": "total_margin",
        "margin_percent": "margin_percent",
    }
    found = rows(field(answer, "data.by_provider"), _COSTS)
    return {
        "range": str(span),
        "total": _plain(row(field(answer, "data.summary"), total)),
        "rows": [_plain(one) for one in found],
    }


_COSTS = {
    "provider": "provider",
    "model": "model",
    "revenue_usd": "revenue",
    "provider_cost_usd": "provider_cost",
    "margin_usd": "margin",
}


def forecast(om: OpenMonetize, days: int) -> Report:
    """Return the expected burn of the next days, and when the customer's balance is empty."""
    answer = om.analytics.burn_forecast(days=days)
    fields = {
        "balance": "current_balance",
        "average_daily_burn": "average_daily_burn",
        "balance_after": "projections.balance_after_period",
        "days_until_empty": "projections.days_until_depleted",
    }
    days_ahead = rows(field(answer, "forecast"), {"day": "var_date", "burn": "predicted_burn"})
    message = field(answer, "message")  # without usage to forecast from
    report = {"days": days, **_plain(row(answer, fields)), "rows": [_plain(one) for one in days_ahead]}
    return {**report, "message": message} if message else report


def cost_rise(om: OpenMonetize, before: TimeRange, after: TimeRange, users: Sequence[str]) -> Report:
    """Compare two ranges, and return what has changed most: models, features and users.

    A model's change is split: ``by_volume_usd`` is what the other number of tokens would have cost at the earlier cost
    of a token, ``by_rate_usd`` is the rest (another mix of input and output, caching, another price).

    Args:
        om: the client.
        before: the earlier range.
        after: the later one.
        users: the users to compare. The platform has no report by user: the figures are sums of bookings.

    Raises:
        CommandError: there are too many users.
    """
    if len(users) > MAX_USERS:
        raise CommandError(f"at most {MAX_USERS} users can be compared at once, not {len(users)}")
    earlier, later = _models(om, before), _models(om, after)
    models = _changes(earlier, later, "provider_cost_usd")
    for change in models:
        _split(change)
    total = _change(_cost_of(earlier), _cost_of(later))
    report: Report = {
        "before": str(before),
        "after": str(after),
        "provider_cost_usd": total,
        "models": models[:_MAX_CHANGES],
        "features": _changes(_features(om, before), _features(om, after), "credits")[:_MAX_CHANGES],
        "findings": _findings(total, models),
    }
    if abs(_length_of(before) - _length_of(after)) > timedelta(seconds=1):
        report["note"] = "the ranges are not equally long"
    if users:
        report["users"] = _changes(_users(om, before, users), _users(om, after, users), "credits")
    return report


def _length_of(span: TimeRange) -> timedelta:
    assert span.start is not None
    assert span.end is not None
    return span.end - span.start


def _cost_of(models: Mapping[Any, Report]) -> float:
    return sum(model["provider_cost_usd"] or 0 for model in models.values())


def _models(om: OpenMonetize, span: TimeRange) -> dict[Any, Report]:
    """Return cost, events and tokens of each model."""
    found: dict[Any, Report] = {}
    for one in costs(om, span)["rows"]:
        key = (one["provider"], one["model"])
        found[key] = {"provider": key[0], "model": key[1], "provider_cost_usd": one["provider_cost_usd"]}
    for one in usage(om, span, "model")["rows"]:
        key = (one["provider"], one["model"])
        known = found.setdefault(key, {"provider": key[0], "model": key[1], "provider_cost_usd": None})
        known["events"] = one["events"]
        known["tokens"] = (one["input_tokens"] or 0) + (one["output_tokens"] or 0)
    return found


def _features(om: OpenMonetize, span: TimeRange) -> dict[Any, Report]:
    return {one["feature"]: one for one in usage(om, span, "feature")["rows"]}


def _users(om: OpenMonetize, span: TimeRange, users: Iterable[str]) -> dict[Any, Report]:
    return {user: {"user": user, "credits": _burned(om, user, span)} for user in users}


def _changes(before: Mapping[Any, Report], after: Mapping[Any, Report], by: str) -> list[Report]:
    """Return for each thing its figures before, after and the difference; the largest change of `by` first."""
    changes = []
    for key in {**before, **after}:
        earlier, later = before.get(key), after.get(key)
        change: Report = {}
        for name, value in {**(earlier or {}), **(later or {})}.items():
            if isinstance(value, str) or name in ("provider", "model", "feature", "user"):
                change[name] = value
            else:
                change[name] = _change(_figure(earlier, name), _figure(later, name))
        changes.append(change)
    return sorted(changes, key=lambda change: abs((change.get(by) or {}).get("change") or 0), reverse=True)


def _figure(one: Report | None, name: str) -> Any:
    """Return a figure; 0 for what was not used at all, None for what is not known."""
    return 0 if one is None else one.get(name)


def _change(before: Any, after: Any) -> Report:
    known = before is not None and after is not None
    return _plain({"before": before, "after": after, "change": after - before if known else None})


def _split(change: Report) -> None:
    cost, tokens = change["provider_cost_usd"], change.get("tokens") or {}
    if cost["change"] is None or not tokens.get("before") or tokens.get("after") is None:
        return
    volume = (tokens["after"] - tokens["before"]) * cost["before"] / tokens["before"]
    change.update(_plain({"by_volume_usd": volume, "by_rate_usd": cost["change"] - volume}))


def _findings(total: Report, models: Sequence[Report]) -> list[str]:
    """Return the largest changes in words."""
    change = total["change"]
    verb = "rose" if change > 0 else "fell" if change < 0 else "did not change"
    found = [f"The provider cost {verb}: {total['before']:,.2f} USD before, {total['after']:,.2f} USD after."]
    for model in models[:3]:
        cost = model["provider_cost_usd"]
        if not cost["change"]:
            continue
        text = f"{model['model']}: {cost['change']:+,.2f} USD"
        if not cost["before"]:
            text += ", used in the later range only"
        elif not cost["after"]:
            text += ", used in the earlier range only"
        elif "by_volume_usd" in model:
            text += (
                f" ({model['by_volume_usd']:+,.2f} by more or fewer tokens, {model['by_rate_usd']:+,.2f} by their cost)"
            )
        found.append(f"{text}.")
    return found


def _burned(om: OpenMonetize, user_id: str, span: TimeRange) -> Optional[int]:
    """Return the credits that a user's bookings of a range burned; None if there are too many bookings to read."""
    burned = 0
    try:
        for number, booking in enumerate(om.credits.iter_transactions(user_id)):  # the newest first
            at = booking.created_at
            if number == _MAX_BOOKINGS:
                return None
            if at is None or (span.end is not None and at > span.end):
                continue
            if span.start is not None and at < span.start:
                break
            if booking.transaction_type == "BURN":
                burned -= booking.amount or 0
    except NotServedError:  # older bookings, of which this deployment shows none
        return None
    return burned


def _plain(values: Mapping[str, Any]) -> Report:
    """Return values as JSON has them: numbers with four decimals at the most, days as texts."""
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value: Any) -> Any:
    if value is None or isinstance(value, (str, int)):
        return value
    try:
        return round(float(value), 4)
    except (TypeError, ValueError):
        return str(value)
