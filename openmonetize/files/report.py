"""What became of the rows of usage files, or what would become of them."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

from openmonetize._schema.shown import lines_html
from openmonetize.events.ingest import MAX_EVENTS

# Requests a minute that the platform takes for one key.
REQUESTS_PER_MINUTE = 100
_MAX_REFUSALS = 100  # that a report names one by one
_MAX_REASONS = 1000
_MAX_VALUES = 5  # of one kind of reason that are named
_QUOTES = "'\""
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


class RefusedRow(NamedTuple):
    """A row that is not sent.

    Attributes:
        file: the name of its file.
        row: its line, or its number among the file's records.
        reason: why.
    """

    file: str
    row: int
    reason: str


class WalletShare(NamedTuple):
    """How many users have no wallet, so that nobody pays for their usage.

    Attributes:
        users: how many of those with the most rows were looked up.
        missing: how many of them have no wallet.
        rows: how many rows those who were looked up have.
        rows_missing: how many rows those without a wallet have.
    """

    users: int
    missing: int
    rows: int
    rows_missing: int


class FilesProgress(NamedTuple):
    """How far the rows of usage files are.

    Attributes:
        rows: read.
        sent: that the platform took.
        duplicates: that it had already, or that the checkpoint has.
        refused: that are not sent.
        bytes_read, bytes_total: of the files as they are stored; the total is None if that is not known.
        waiting: why nothing is sent at present; empty if it is.
    """

    rows: int
    sent: int
    duplicates: int
    refused: int
    bytes_read: int
    bytes_total: Optional[int]
    waiting: str = ""


@dataclass(repr=False)
class FilesReport:
    """What became of the rows of usage files.

    ``rows == sent + duplicates + already_sent + repeated + skipped + refused`` after a whole run; in a dry run
    ``sent`` is what would be sent.

    Attributes:
        rows: rows that were read.
        sent: events that the platform took; it bills them later.
        duplicates: events that it had already. Nothing is billed for them again.
        already_sent: events that the checkpoint has, so that they were not sent again.
        repeated: rows that have, in the column that identifies rows, the text of an earlier row of the run. The first
            one is sent.
        skipped: rows without usage: those whose tokens are 0, and those that a preset says are of something else, such
            as the spans in a Langfuse export.
        refused: rows that cannot be billed.
        reasons: how many rows were refused for each reason.
        refusals: the first refused rows.
        rejected_files: the files that have the refused rows.
        source: the source's name, a part of all ids.
        id_column: the column that identifies rows; None if their content does.
        dry_run: whether nothing was sent.
        requests: requests that were, or would be needed.
        users: how many users the rows name (counted up to 100,000).
        no_user: rows without a user: no user's wallet pays for them.
        unpriced: rows by model, for models without a price: they are billed at a general one.
        no_list_price: rows by model, for models that ``token_policy="price_equivalent"`` knows no list price of: all
            their tokens are billed.
        credits: of a dry run, what the events would burn, by the platform's arithmetic; else None.
        wallets: of a dry run, how many users have no wallet; None if that was not asked.
        quota: events that this month's quota still takes, if the platform says so.
        rate_share: the part of the rate limit that was used.
    """

    rows: int = 0
    sent: int = 0
    duplicates: int = 0
    already_sent: int = 0
    repeated: int = 0
    skipped: int = 0
    refused: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    refusals: list[RefusedRow] = field(default_factory=list)
    rejected_files: list[str] = field(default_factory=list)
    source: str = ""
    id_column: Optional[str] = None
    dry_run: bool = False
    requests: int = 0
    users: int = 0
    no_user: int = 0
    unpriced: dict[str, int] = field(default_factory=dict)
    no_list_price: dict[str, int] = field(default_factory=dict)
    credits: Optional[int] = None
    wallets: Optional[WalletShare] = None
    quota: Optional[int] = None
    rate_share: float = 1.0

    @property
    def seconds(self) -> float:
        """The seconds that sending takes at the least, by the platform's limit of requests a minute."""
        return self.requests * 60.0 / (REQUESTS_PER_MINUTE * self.rate_share)

    def refuse(self, file: str, row: int, reason: str) -> None:
        """Count a refused row."""
        self.refused += 1
        if len(self.refusals) < _MAX_REFUSALS:
            self.refusals.append(RefusedRow(file, row, reason))
        self._count_reason(_VALUES.sub(lambda value: value[0] if value[0][0] in _QUOTES else "…", reason))

    def _count_reason(self, reason: str) -> None:
        """Count a refusal for its reason, and for its kind once the values that are refused are many."""
        if reason not in self.reasons:
            kind = _VALUES.sub("…", reason)
            alike = () if kind in self.reasons else [one for one in self.reasons if _VALUES.sub("…", one) == kind]
            if kind in self.reasons:
                reason = kind
            elif len(alike) >= _MAX_VALUES:
                self.reasons[kind] = sum(self.reasons.pop(one) for one in alike)
                reason = kind
            elif len(self.reasons) >= _MAX_REASONS:
                reason = "other reasons"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        return list(_lines(self))

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        values = {**vars(self), "refusals": None}  # up to a hundred
        return f"FilesReport({', '.join(f'{name}={value!r}' for name, value in values.items() if value)})"

    def _repr_html_(self) -> str:
        return lines_html("Dry run" if self.dry_run else "Usage files", self.lines())


def requests_for(events: int) -> int:
    """Return how many requests events need at the least."""
    return math.ceil(events / MAX_EVENTS)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _lines(report: FilesReport) -> list[str]:
    lines = [f"{_count(report.rows, 'row')} read"]
    if report.dry_run:
        lines.append(f"{_count(report.sent, 'event')} would be sent, in {_count(report.requests, 'request')}")
    else:
        lines.append(f"{_count(report.sent, 'event')} sent, in {_count(report.requests, 'request')}")
        if report.sent:
            lines.append("  billed later, within minutes: the usage report of their days shows them then")
    if report.duplicates:
        lines.append(f"{_count(report.duplicates, 'event')} the platform had already: nothing is billed twice")
    if report.repeated:
        lines.append(
            f"{_count(report.repeated, 'row')} with the {report.id_column} of an earlier row left out: the first counts"
        )
    if report.id_column is not None and (report.duplicates or report.already_sent):
        lines.append(f"a row that changed and kept its {report.id_column} stays billed as it was")
    if report.already_sent:
        lines.append(f"{_count(report.already_sent, 'event')} not sent again, by the checkpoint of an earlier run")
    if report.skipped:
        lines.append(f"{_count(report.skipped, 'row')} without usage left out")
    lines.append(f"{_count(report.refused, 'row')} refused")
    by_count = Counter(report.reasons).most_common(5)
    lines += [f"  {count:,}: {reason}" for reason, count in by_count]
    if len(report.reasons) > len(by_count):
        lines.append(f"  and {len(report.reasons) - len(by_count)} other reasons")
    lines += [f"  written to {path}" for path in report.rejected_files]
    if report.no_user:
        lines.append(f"{_count(report.no_user, 'event')} without a user: no user's wallet pays for them")
    for model, count in Counter(report.unpriced).most_common(5):
        lines.append(f"{_count(count, 'event')} of {model}, which has no price: billed at a general one")
    for model, count in Counter(report.no_list_price).most_common(5):
        lines.append(f"{_count(count, 'event')} of {model}, which has no list price: all tokens are billed")
    if report.credits is not None:
        lines.append(
            f"about {report.credits:,} credits (${report.credits / 1000:,.2f}) for {_count(report.users, 'user')}"
        )
    if report.wallets is not None and report.wallets.users:
        looked = report.wallets
        if looked.missing:
            lines.append(
                f"no wallet: {looked.missing:,} of {_count(looked.users, 'user')} looked up, with "
                f"{looked.rows_missing / looked.rows:.0%} of their rows, that nobody would pay for; grant first"
            )
        else:
            lines.append(f"no wallet: none of {_count(looked.users, 'user')} looked up")
    if report.dry_run:
        lines.append(f"sending takes {_duration(report.seconds)} at the least, at {_rate(report)} rows a second")
        if report.quota is not None:
            fits = "enough" if report.quota >= report.sent else f"{report.sent - report.quota:,} too few"
            lines.append(f"this month's quota still takes {_count(report.quota, 'event')}: {fits}")
    return lines


def _rate(report: FilesReport) -> str:
    return f"{REQUESTS_PER_MINUTE * MAX_EVENTS * report.rate_share / 60:,.0f}"


def _duration(seconds: float) -> str:
    whole = math.ceil(seconds)
    if whole < 60:
        return _count(whole, "second")
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def by_model(provider: object, model: object) -> str:
    """Return how a report names a model."""
    return f"{model} of {provider}"
