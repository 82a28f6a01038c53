"""The tables of the page: wallets, events, dead letters.

Each row has a key, by which the page's script replaces only the rows that have changed.
"""

from __future__ import annotations

import json
import sqlite3

from openmonetize.sandbox.billing.money import usd
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.console import charts
from openmonetize.sandbox.console.markup import Markup, dollars, html, joined, number, text
from openmonetize.sandbox.console.queries import WalletSummary
from openmonetize.sandbox.console.request_list import pretty


def wallets(found: list[WalletSummary]) -> Markup:
    """Return the balance and the burn of each wallet."""
    return joined(_wallet(wallet) for wallet in found) or empty("tr", "No wallet yet: grant somebody credits.", 5)


def _wallet(wallet: WalletSummary) -> Markup:
    row = wallet.row
    balance = int(row["balance"])
    return html(
        '<tr data-key="{pk}"><th scope="row" data-label="Wallet">{owner}<small>{kind}</small></th>'
        '<td data-label="Balance" class="n{low}">{balance}{share}</td><td data-label="Burned" class="n">{burned}</td>'
        '<td data-label="Last 7 days" class="n">{week}</td><td data-label="Lasts" class="n">{lasts}</td></tr>',
        pk=row["pk"],
        owner=text(row["team_id"] or row["owner"] or row["customer_name"], 60),
        kind=_kind(row),
        low=" bad" if balance < 0 else "",
        balance=number(balance),
        share=charts.share(balance, wallet.burned),
        burned=number(wallet.burned),
        week=number(wallet.week),
        lasts=_lasts(balance, wallet.week),
    )


def _kind(row: sqlite3.Row) -> Markup:
    if row["team_id"] or row["owner"]:
        kind = "team" if row["team_id"] else "user"
        return html("{kind} of {customer}", kind=kind, customer=text(row["customer_name"], 60))
    return html("the customer itself")


def _lasts(balance: int, week: int) -> str:
    """Return how long a balance lasts at the last week's rate."""
    if balance <= 0:
        return "empty"
    if week <= 0:
        return "–"
    days = balance * 7 / week
    return f"{days:.1f} days" if days < 10 else f"{days:,.0f} days" if days < 3650 else "years"


def events(found: list[sqlite3.Row]) -> Markup:
    """Return the events that were processed last."""
    return joined(_event(row) for row in found) or empty("tr", "No event yet: send one to /v1/events/ingest.", 7)


def _event(row: sqlite3.Row) -> Markup:
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
        feature=text(row["feature_id"], 60),
        model=text(row["model"] or row["event_type"], 60),
        provider=text(row["provider"] or "", 20),
        used=_used(row),
        credits=number(int(row["credits"])),
        cost=dollars(usd(row["cost"])),
        outcome=outcome,
        more=_more(row),
    )


def _who(row: sqlite3.Row) -> Markup:
    customer = text(row["customer_name"], 60)
    if row["user_id"] is None and row["team_id"] is None:
        return html("{customer}<small>the customer itself</small>", customer=customer)
    team = html(" in team {team}", team=text(row["team_id"], 60)) if row["team_id"] else ""
    return html(
        "{user}<small>{customer}{team}</small>", user=text(row["user_id"] or "–", 60), customer=customer, team=team
    )


def _used(row: sqlite3.Row) -> Markup:
    if row["image_count"]:
        return html("{n} images", n=number(row["image_count"]))
    if row["quantity"]:
        return html("{n:,.10g} {unit}", n=row["quantity"], unit=text(row["unit_type"] or "units", 40))
    if row["input_tokens"] or row["output_tokens"]:
        read, written = number(row["input_tokens"]), number(row["output_tokens"])
        return html("{read} in<small>{written} out</small>", read=read, written=written)
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
