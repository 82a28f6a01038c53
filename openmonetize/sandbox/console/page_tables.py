"""The tables of the page: wallets, events, dead letters.

Each row has a key, by which the page's script replaces only the rows that have changed.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from openmonetize.sandbox.billing.money import usd
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.console import charts
from openmonetize.sandbox.console.filters import Filter, linked
from openmonetize.sandbox.console.markup import Markup, counted, decimals, dollars, html, joined, number, text
from openmonetize.sandbox.console.queries import MAX_SEARCHED, WalletSummary
from openmonetize.sandbox.console.request_list import pretty


def wallets(found: list[WalletSummary], others: int) -> Markup:
    """Return the balance and the burn of each wallet, and how many others there are."""
    if not found:
        return empty("tr", "No wallet yet: grant somebody credits.", 5)
    rest = empty("tr", f"{counted(others, 'other wallet')} with fewer bookings.", 5) if others > 0 else Markup("")
    return joined(_wallet(wallet) for wallet in found) + rest


def _wallet(wallet: WalletSummary) -> Markup:
    row = wallet.row
    balance = int(row["balance"])
    return html(
        '<tr data-key="{pk}"><th scope="row" data-label="Wallet">{owner}<small>{kind}</small></th>'
        '<td data-label="Balance" class="n{low}">{balance}{share}</td><td data-label="Burned" class="n">{burned}</td>'
        '<td data-label="Last 7 days" class="n">{week}</td><td data-label="Lasts" class="n">{lasts}</td></tr>',
        pk=row["pk"],
        owner=_owner(row),
        kind=_kind(row),
        low=" bad" if balance < 0 else "",
        balance=number(balance),
        share=charts.share(balance, wallet.burned),
        burned=number(wallet.burned),
        week=number(wallet.week),
        lasts=_lasts(balance, wallet.week),
    )


def _owner(row: sqlite3.Row) -> Markup:
    name = row["team_id"] or row["owner"]
    shown = text(name or row["customer_name"], 60)
    return linked("user", name, shown) if name and not row["team_id"] else shown


def _kind(row: sqlite3.Row) -> Markup:
    if row["team_id"] or row["owner"]:
        kind = "team" if row["team_id"] else "user"
        return html("{kind} of {customer}", kind=kind, customer=text(row["customer_name"], 60))
    return html("the customer itself")


def _lasts(balance: int, week: int) -> str:
    """Return how long a balance lasts at the last week's rate, in whole days."""
    if balance <= 0:
        return "empty"
    if week <= 0:
        return "–"
    days = balance * 7 / week
    if days < 1:
        return "under a day"
    return counted(int(days), "day") if days < 3650 else "years"


def events(found: list[sqlite3.Row], wanted: Filter) -> Markup:
    """Return the events that were processed last."""
    places = decimals(usd(row["cost"]) for row in found)
    none = "No event yet: send one to /v1/events/ingest."
    if any(wanted):
        none = f"None of the last {number(MAX_SEARCHED)} events is one of these."
    return joined(_event(row, places) for row in found) or empty("tr", none, 7)


def _event(row: sqlite3.Row, places: int) -> Markup:
    outcome = "billed" if row["wallet"] is not None or not row["credits"] else "unfunded"
    return html(
        '<tr data-key="{seq}"><td data-label="Happened"><time datetime="{at}">{day} <b>{clock}</b></time></td>'
        '<td data-label="For">{who}</td><td data-label="Feature">{feature}</td>'
        '<td data-label="Model">{model}<small>{provider}</small></td><td data-label="Used">{used}</td>'
        '<td data-label="Credits" class="n">{credits}<small>{cost}</small></td>'
        '<td data-label="Outcome"><span class="tag {outcome}">{outcome}</span>{more}</td></tr>',
        seq=row["seq"],
        at=iso(row["timestamp"]),
        day=iso(row["timestamp"])[:10],
        clock=iso(row["timestamp"])[11:19],
        who=_who(row),
        feature=linked("feature", row["feature_id"], text(row["feature_id"], 60)),
        model=linked("model", row["model"] or row["event_type"], text(row["model"] or row["event_type"], 60)),
        provider=text(row["provider"] or "", 20),
        used=_used(row),
        credits=number(int(row["credits"])),
        cost=dollars(usd(row["cost"]), places),
        outcome=outcome,
        more=_more(row),
    )


def _who(row: sqlite3.Row) -> Markup:
    customer = text(row["customer_name"], 60)
    if row["user_id"] is None and row["team_id"] is None:
        return html("{customer}<small>the customer itself</small>", customer=customer)
    team = html(" in team {team}", team=text(row["team_id"], 60)) if row["team_id"] else ""
    user = linked("user", row["user_id"] or "", text(row["user_id"] or "–", 60))
    return html("{user}<small>{customer}{team}</small>", user=user, customer=customer, team=team)


def _used(row: sqlite3.Row) -> Markup:
    if row["image_count"]:
        return html("{images}", images=counted(row["image_count"], "image"))
    if row["quantity"]:
        return html(
            '<span class="whole-number">{n:,.10g}</span> {unit}',
            n=row["quantity"],
            unit=text(row["unit_type"] or "units", 40),
        )
    if row["input_tokens"] or row["output_tokens"]:
        read, written = number(row["input_tokens"]), number(row["output_tokens"])
        return html(
            '<span class="whole-number">{read} in</span><small>{written} out</small>', read=read, written=written
        )
    return html("–")


def _more(row: sqlite3.Row) -> Markup:
    lines = [
        ("event id", row["event_id"]),
        ("idempotency key", row["event_id"] if row["own_key"] else row["idempotency_key"]),
        ("batch", row["batch_id"]),
        ("processed", iso(row["processed_at"])),
        ("metadata", row["metadata"] and pretty(row["metadata"][:1000])),
    ]
    return html(
        '<details class="more"><summary>more</summary><dl>{lines}</dl></details>',
        lines=joined(html("<dt>{name}</dt><dd>{value}</dd>", name=n, value=text(v, 1000)) for n, v in lines if v),
    )


def bookings(found: list[tuple[str, dict[str, Any]]]) -> Markup:
    """Return the transactions of a user's wallets."""
    return joined(_booking(customer, row) for customer, row in found) or empty("tr", "No wallet, and no bookings.", 4)


def _booking(customer: str, row: dict[str, Any]) -> Markup:
    at, amount = row["createdAt"], int(row["amount"])
    return html(
        '<tr data-key="{id}"><td data-label="Booked"><time datetime="{at}">{day} <b>{clock}</b></time></td>'
        '<th scope="row" data-label="Booking">{kind}<small>{description}, {customer}</small></th>'
        '<td data-label="Credits" class="n{low}">{amount}</td><td data-label="Balance" class="n">{balance}</td></tr>',
        id=row["id"],
        at=at,
        day=at[:10],
        clock=at[11:19],
        kind=row["transactionType"].lower(),
        description=text(row["description"], 120),
        customer=text(customer, 60),
        low=" bad" if row["balanceAfter"] < 0 else "",
        amount=f"{'+' if amount > 0 else ''}{number(amount)}",
        balance=number(int(row["balanceAfter"])),
    )


def dead_letters(found: list[sqlite3.Row]) -> Markup:
    """Return the dead letters, each with its reason."""
    return joined(_dead_letter(row) for row in found) or empty("li", "None. Every accepted event could be stored.")


def _dead_letter(row: sqlite3.Row) -> Markup:
    return html(
        '<li data-key="{seq}"><details><summary><time datetime="{at}">{clock}</time>'
        '<span class="reason">{reason}</span><small>{customer}</small></summary><pre>{event}</pre></details></li>',
        seq=row["seq"],
        at=iso(row["failed_at"]),
        clock=iso(row["failed_at"])[11:19],
        reason=text(row["reason"], 300),
        customer=text(row["customer_name"], 60),
        event=text(_indented(row["event"]), 4000),
    )


def _indented(event: str) -> str:
    """Return a stored event with line breaks, unless it was cut."""
    try:
        return json.dumps(json.loads(event), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return event


def empty(tag: str, said: str, columns: int = 0) -> Markup:
    """Return the only row of a table or list that has no rows."""
    if tag == "tr":
        return html(
            '<tr data-key="none"><td class="nothing" colspan="{columns}">{said}</td></tr>', columns=columns, said=said
        )
    return html('<li data-key="none" class="nothing">{said}</li>', said=said)
