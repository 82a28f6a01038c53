"""What each user burned: the platform has no such report, so it is made of the users' bookings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from openmonetize._arguments import described, wrong_text
from openmonetize._http.paging import Progress
from openmonetize._schema.time_range import TimeRange, ranged
from openmonetize.compat import NotServedError
from openmonetize.exceptions import ApiTypeError
from openmonetize.notebook.columns import TEXT, TIME, WHOLE, Column
from openmonetize.notebook.frames import to_pandas
from openmonetize.notebook.tables import Table

LIMITS = (
    "no report of the platform is by user, and stored events name none: the figures are sums of the users' bookings",
    "a booking has the time at which an event was billed, not the event's own",
    "usage without a wallet, and events that cost nothing, have no booking",
    "models, tokens and US dollars are not known by user",
    "each user is at least one request, of 100 a minute",
    "where only a user's newest 50 bookings are shown, and the range has more, there are no sums but those of the last "
    "7 and 30 days; the user's other figures are missing",
    "users with ids of more than 100 characters cannot be read: their figures are missing",
)
MAX_USER_ID = 100  # characters in a path; the platform answers longer ones with a 404
DEFAULT_LENGTH = "30d"

# The burn rate's windows, which are those of the platform's clock.
_WINDOWS = {timedelta(days=7): "last7_days", timedelta(days=30): "last30_days"}
_STILL_NOW = timedelta(minutes=15)

_COLUMNS = [
    Column("user_id", TEXT, ()),
    Column("credits_burned", WHOLE, ()),
    Column("burns", WHOLE, ()),
    Column("credits_added", WHOLE, ()),
    Column("balance", WHOLE, ()),
    Column("last_burn", TIME, ()),
]


class _Known(NamedTuple):
    """A user, and the balance that the list of users shows."""

    id: str
    balance: int | None = None


def usage_by_user(
    om: Any, start: Any, end: Any, last: Any, users: Iterable[str] | None, progress: Progress | None
) -> Any:
    """Return what each user burned as a ``pandas.DataFrame``; see `OpenMonetize.usage_by_user`."""
    if start is None and last is None:
        last = DEFAULT_LENGTH
    _, asked = ranged({"start_date": start, "end_date": end, "last": last}, ("start_date", "end_date"))
    assert asked is not None
    tell = _teller(progress)
    known = _named(users) if users is not None else _listed(om)
    rows = []
    for number, user in enumerate(known, 1):
        rows.append(_row(om, user, asked))
        tell(number, len(known))
    rows.sort(key=lambda row: row[1] or 0, reverse=True)
    frame = to_pandas(Table("User", _COLUMNS, rows), "float")
    frame.attrs["range"] = str(asked)
    frame.attrs["limits"] = list(LIMITS)
    return frame


def _named(users: Any) -> list[_Known]:
    if isinstance(users, (str, bytes)) or not isinstance(users, Iterable):
        raise ApiTypeError(f"users must be a list of user ids, not {described(users)}")
    found = list(users)
    for user in found:
        if not isinstance(user, str):
            raise wrong_text("a user id", user)
    return [_Known(user) for user in dict.fromkeys(found)]


def _listed(om: Any) -> list[_Known]:
    return [_Known(user.external_user_id or user.id, user.credit_balance) for user in om.users.iter_list()]


def _row(om: Any, user: _Known, asked: TimeRange) -> tuple[Any, ...]:
    if len(user.id) > MAX_USER_ID:
        return (user.id, None, None, None, user.balance, None)
    burned = burns = added = 0
    balance, last_burn = user.balance, None
    try:
        for booking in om.credits.iter_transactions(user.id):  # the newest first
            at, amount = booking.created_at, booking.amount or 0
            balance = booking.balance_after if balance is None else balance
            if at is None or (asked.end is not None and at > asked.end):
                continue
            if asked.start is not None and at < asked.start:
                break
            if booking.transaction_type == "BURN":
                burned, burns = burned - amount, burns + 1
                last_burn = at if last_burn is None else last_burn
            elif amount > 0:
                added += amount
    except NotServedError:  # older bookings, of which this deployment shows none
        return (user.id, _burned_by_rate(om, user.id, asked), None, None, balance, last_burn)
    return (user.id, burned, burns, added, balance, last_burn)


def _burned_by_rate(om: Any, user_id: str, asked: TimeRange) -> int | None:
    """Return what a user burned by the platform's own sums, of the last 7 and 30 days; None for another range."""
    if asked.start is None or asked.end is None or datetime.now(timezone.utc) - asked.end > _STILL_NOW:
        return None
    name = _WINDOWS.get(asked.end - asked.start)
    window = getattr(om.analytics.burn_rate(user_id=user_id).data, name) if name else None
    return None if window is None or window.credits_burned is None else abs(window.credits_burned)


def _teller(progress: Progress | None) -> Any:
    if progress is True:
        from openmonetize.notebook.progress import Bar

        return Bar(unit=" users")
    if progress is not None and progress is not False and not callable(progress):
        raise ApiTypeError(f"progress must be a function, not {described(progress)}")
    return progress or (lambda done, total: None)
