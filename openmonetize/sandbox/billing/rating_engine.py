"""The rating engine: what usage would cost, by a burn table or by the price rows.

Burn tables change estimates only; what is burned never depends on them.
"""

from __future__ import annotations

import json
import math
import sqlite3
from typing import Any

from openmonetize.pricing import CREDITS_PER_USD, Price
from openmonetize.pricing.rows import IMAGE, INPUT_TOKEN, OUTPUT_TOKEN, VIDEO
from openmonetize.sandbox.defects import BURN_TABLE_SPELLING
from openmonetize.sandbox.state import State
from openmonetize.sandbox.validation.javascript_numbers import plain_number, to_fixed

_UNITS = {"image": IMAGE, "video": VIDEO}


class NoPrice(Exception):
    """A model has no price row."""


def active_table(state: State, customer: int) -> tuple[sqlite3.Row | None, bool]:
    """Return the burn table in force, and whether it is the default one, which belongs to no customer."""
    now = state.clock.now()
    for owner, default in ((customer, False), (None, True)):
        row = state.db.row(
            "SELECT * FROM burn_tables WHERE customer IS ? AND is_active AND valid_from <= ?"
            " AND (valid_until IS NULL OR valid_until > ?) ORDER BY pk DESC LIMIT 1",
            (owner, now, now),
        )
        if row is not None:
            return row, default
    return None, False


def calculate_text(
    state: State, customer: int, provider: str, model: str, input_tokens: int, output_tokens: int
) -> dict[str, Any]:
    """Return the full calculation for tokens.

    Raises:
        NoPrice: the model has no price rows.
    """
    price_in = _price(state, provider, model, INPUT_TOKEN, "text")
    price_out = _price(state, provider, model, OUTPUT_TOKEN, "text")
    usd_in = input_tokens / price_in.per * float(price_in.usd)
    usd_out = output_tokens / price_out.per * float(price_out.usd)
    rule, source = _rule(state, customer, model)
    total: int | None = math.ceil((usd_in + usd_out) * CREDITS_PER_USD)
    credits_in: float | None = math.ceil(usd_in * CREDITS_PER_USD)
    credits_out: float | None = math.ceil(usd_out * CREDITS_PER_USD)
    if rule is not None:
        rates = _rates(state, rule)
        if rates is None:
            total = credits_in = credits_out = None
        else:
            per_input, per_output, per = rates
            credits_in = input_tokens / per * per_input
            credits_out = output_tokens / per * per_output
            total = math.ceil(credits_in + credits_out)
    return {
        "credits": total,
        "costBreakdown": {
            "input": _side(input_tokens, credits_in, usd_in, price_in),
            "output": _side(output_tokens, credits_out, usd_out, price_out),
        },
        **_money(total, usd_in + usd_out),
        "pricingSource": source,
    }


def calculate_units(state: State, customer: int, provider: str, model: str, kind: str, count: int) -> dict[str, Any]:
    """Return the calculation for images or videos: a rule's flat rate for each, or the price row.

    Raises:
        NoPrice: the model has no price row.
    """
    price = _price(state, provider, model, _UNITS[kind], kind)
    usd = count / price.per * float(price.usd)
    rule, source = _rule(state, customer, model)
    total = math.ceil(usd * CREDITS_PER_USD)
    if rule is not None and "flat_rate" in rule:
        total = math.ceil(rule["flat_rate"] * count)
    return {"credits": total, **_money(total, usd), "pricingSource": source}


def _price(state: State, provider: str, model: str, unit: str, kind: str) -> Price:
    price = state.settings.book.find(provider, model, unit)
    if price is None:
        raise NoPrice(f"No cost data found for {provider}/{model} (Type: {kind})")
    return price


def _rule(state: State, customer: int, model: str) -> tuple[dict[str, Any] | None, str]:
    row, default = active_table(state, customer)
    if row is None:
        return None, "default"
    rules = json.loads(row["rules"])
    rule = rules.get(model, rules.get("default"))
    return rule, "default" if rule is None else "default_burn_table" if default else "customer_burn_table"


def _rates(state: State, rule: dict[str, Any]) -> tuple[float, float, float] | None:
    """Return the credits for input, for output, and the number of tokens that they are for.

    Tables of the database seed spell their rules with underscores, tables made through the API in camel case; the
    present servers read only the first.
    """
    if "input_tokens" in rule:
        return rule["input_tokens"], rule["output_tokens"], rule["per_unit"]
    if "inputTokens" in rule and not state.has(BURN_TABLE_SPELLING):
        return rule["inputTokens"], rule["outputTokens"], rule["perUnit"]
    return None


def _side(tokens: int, burn: float | None, usd: float, price: Price) -> dict[str, Any]:
    return {
        "tokens": tokens,
        "credits": None if burn is None else plain_number(burn),
        "usd": plain_number(usd),
        "ratePerUnit": plain_number(float(price.usd)),
        "unitSize": price.per,
    }


def _money(total: int | None, cost: float) -> dict[str, Any]:
    """Return revenue and margin; the margin's percentage is of the cost here, unlike in the analytics."""
    revenue = margin = percent = None
    if total is not None:
        revenue = plain_number(total / CREDITS_PER_USD)
        margin = plain_number(total / CREDITS_PER_USD - cost)
        percent = plain_number(float(to_fixed(margin / cost * 100, 2))) if cost else 0
    return {
        "providerCostUsd": plain_number(cost),
        "revenueUsd": revenue,
        "marginUsd": margin,
        "marginPercent": percent,
    }
