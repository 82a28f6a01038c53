"""The fragments of the page that change.

The page's script replaces each fragment as a whole, or row by row where its rows have keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openmonetize.sandbox.accounts.customers import customer_by_key
from openmonetize.sandbox.billing.money import revenue, usd
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.console import charts, page_tables, queries, request_list
from openmonetize.sandbox.console.colours import Colours
from openmonetize.sandbox.console.filters import Filter
from openmonetize.sandbox.console.markup import Markup, counted, dollars, html, joined, number, text
from openmonetize.sandbox.http.control import Control
from openmonetize.sandbox.initial_accounts import DEV_KEY

Query = dict[str, Any]


class Fragments:
    """Renders the fragments, by name.

    Args:
        control: the sandbox's own routes, with its state, faults and request log.
        url: returns the sandbox's base URL.
        key: returns the API key that works from the start.
    """

    def __init__(self, control: Control, url: Callable[[], str], key: Callable[[], str | None]) -> None:
        self._control = control
        self._state = control.state
        self._url = url
        self._key = key
        self._colours = Colours()

    def render(self, query: Query) -> dict[str, Markup]:
        """Return all fragments.

        The query's ``metric``, one of `charts.METRICS`, says what usage is measured in. Its other values are those of
        a `Filter` of events; with a ``user``, wallets, bookings and figures are that user's.
        """
        entries = self._control.request_log.entries()
        wanted = Filter.of(query)
        wallets = queries.wallets(self._state, wanted.user)
        return {
            "tiles": self._user_tiles(wanted.user, wallets) if wanted.user else self._tiles(),
            "usage": self._usage(query.get("metric", ""), wanted),
            "wallets": page_tables.wallets(wallets, 0 if wanted.user else self._wallets_beyond(len(wallets))),
            "bookings": page_tables.bookings(queries.bookings(self._state, wallets) if wanted.user else []),
            "events": page_tables.events(queries.latest_events(self._state, wanted), wanted),
            "letters": page_tables.dead_letters(queries.latest_dead_letters(self._state)),
            "requests": request_list.rows(entries) or page_tables.empty("li", "No request yet."),
            "requested": _requested(self._control.request_log.total, entries),
            "connect": self._connect(),
            "faults": self._faults(),
        }

    def _tiles(self) -> Markup:
        state = self._state
        sums = queries.totals(state)
        paid = queries.burned(state)
        letters = queries.count(state, "dead_letters")
        pending = self._control.ingestion.pending()
        cost, earned = usd(sums.cost), usd(revenue(sums.credits))
        margin = f", margin {(1 - cost / earned) * 100:.0f}%" if earned else ""
        unfunded = sums.credits - paid
        return joined(
            (
                _tile("Events", number(sums.events), f"{number(pending)} waiting" if pending else "all processed"),
                _tile("Tokens in", number(sums.input_tokens), f"{number(sums.output_tokens)} out"),
                _tile("Credits burned", number(paid), "paid by wallets"),
                _unfunded(unfunded),
                _tile("Provider cost", dollars(cost), f"{dollars(earned)} revenue{margin}"),
                _tile("Dead letters", number(letters), "accepted and lost" if letters else "none lost", bool(letters)),
            )
        )

    def _user_tiles(self, user: str, wallets: list[queries.WalletSummary]) -> Markup:
        events, used = queries.used_by(self._state, user)
        paid = sum(wallet.burned for wallet in wallets)
        balance = sum(int(wallet.row["balance"]) for wallet in wallets)
        return joined(
            (
                _tile("Events", number(events), "of this user"),
                _tile("Balance", number(balance), "credits" if wallets else "no wallet yet", balance < 0),
                _tile("Credits burned", number(paid), "paid by the wallet"),
                _unfunded(used - paid, user),
            )
        )

    def _wallets_beyond(self, shown: int) -> int:
        return queries.count(self._state, "wallets") - shown

    def _usage(self, asked: str, wanted: Filter) -> Markup:
        name = asked if asked in charts.METRICS else "credits"
        metric = charts.METRICS[name]
        usage = queries.usage(self._state)
        tabs = joined(
            html(
                '<a href="{href}"{current}>{label}</a>',
                href=wanted.href(each),
                current=Markup(' aria-current="true"') if each == name else "",
                label=charts.METRICS[each].label,
            )
            for each in charts.METRICS
        )
        head = html('<nav class="tabs" aria-label="Measure usage in">{tabs}</nav>', tabs=tabs)
        if not usage.starts:
            self._colours.forget()
            return html('{head}<p class="nothing">Usage by model and day appears with the first event.</p>', head=head)
        found = charts.series(usage, metric, self._colours)
        note = ""
        if usage.elsewhere:
            lie = "lies" if usage.elsewhere == 1 else "lie"
            note = html(
                '<p class="note">{events} {lie} outside of these days.</p>',
                events=counted(usage.elsewhere, "event"),
                lie=lie,
            )
        return html(
            '{head}<div class="charts"><figure><figcaption>{caption}</figcaption>{columns}{table}</figure>'
            '<figure><figcaption>By model</figcaption><ul class="models">{models}</ul></figure></div>{note}',
            head=head,
            caption=_caption(usage),
            columns=charts.columns(usage, found, metric),
            table=charts.table(usage, found, metric),
            models=charts.models(found, metric),
            note=note,
        )

    def _connect(self) -> Markup:
        # Only the development account's key is shown, which is no secret.
        known = self._key() == DEV_KEY and customer_by_key(self._state, DEV_KEY) is not None
        return html(
            "<pre>export OPENMONETIZE_BASE_URL=<wbr>{url}\nexport OPENMONETIZE_API_KEY=<wbr>{key}</pre>",
            url=text(self._url()),
            key=DEV_KEY if known else "…",
        )

    def _faults(self) -> Markup:
        found = self._control.faults.describe()
        return joined(
            html(
                "<dt>{label}</dt><dd>{faults}</dd>",
                label=label,
                faults=joined(html("<code>{fault}</code> ", fault=text(fault)) for fault in found[name][:20])
                or Markup('<span class="none">none</span>'),
            )
            for label, name in (("By chance", "standing"), ("Next", "next"))
        )


def _requested(total: int, entries: list[dict[str, Any]]) -> Markup:
    if not entries:
        return Markup("none yet")
    failed = sum(1 for entry in entries if entry["status"] is None or entry["status"] >= 400)
    return html(
        "{total}, {failed} of the last {last} failed", total=number(total), failed=number(failed), last=len(entries)
    )


def _unfunded(credits: int, user: str = "") -> Markup:
    """Return the credits that no wallet paid for, which lead to their events."""
    if not credits:
        return _tile("Unfunded", "0", "each paid by a wallet")
    href = Filter(user=user, outcome="unfunded").href(place="#events")
    value = html('<a href="{href}">{value}</a>', href=href, value=number(credits))
    return _tile("Unfunded", value, "credits without a wallet", True)


def _tile(label: str, value: str | Markup, note: str, alarm: bool = False) -> Markup:
    return html(
        '<div class="tile{alarm}"><dt>{label}</dt><dd>{value}</dd><dd class="note">{note}</dd></div>',
        alarm=" alarm" if alarm else "",
        label=label,
        value=value,
        note=note,
    )


def _caption(usage: queries.UsageWindow) -> str:
    first, last = iso(usage.starts[0])[:10], iso(usage.starts[-1])[:10]
    return f"{first}, by hour (UTC)" if first == last else f"By day, {first} to {last} (UTC)"
