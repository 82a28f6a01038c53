"""The account: key, clock, limits, and usage that nobody pays or that has no price."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from openmonetize.api_response import RateLimit
from openmonetize.cli import exit_codes
from openmonetize.cli.doctor.finding import FAILURE, INFO, OK, WARNING, Finding
from openmonetize.cli.doctor.unbilled import unbilled
from openmonetize.cli.errors import CommandError, line_and_code
from openmonetize.cli.rows import field
from openmonetize.cli.session import Session
from openmonetize.compat import CompatClient, NotServedError
from openmonetize.exceptions import NotFoundException, OpenApiException, PaymentRequiredException

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize

_MAX_SKEW = 5.0  # seconds; the Date of an answer has whole seconds
_FEW_REQUESTS = 0.2  # of the rate limit
_FEW_EVENTS = 1_000  # of the monthly quota
_MAX_USERS = 1_000  # that are looked at
_MAX_LOOKUPS = 20  # of wallets
_MAX_NAMES = 5  # that are shown
_DAYS = 30  # in which models were in use

_FIXES = {
    exit_codes.KEY: "make a key in the dashboard, or use that of the sandbox for the sandbox's URL",
    exit_codes.NO_ANSWER: "look at URL, firewall and proxy; for the sandbox, start it: openmonetize sandbox",
    exit_codes.NOT_FOUND: "the URL is not the platform's",
    exit_codes.LIMIT: "wait a minute; share the key with fewer programs",
    exit_codes.SERVER: "the URL is not the platform's, or the platform is down",
}


def account(session: Session) -> Iterator[Finding]:
    """Yield what is found with the key; it ends if the key does not work."""
    try:
        place, client = session.account.key_place, session.client()
    except (CommandError, OpenApiException) as error:
        hint = getattr(error, "hint", None)
        yield Finding("key", FAILURE, str(error), hint or "set OPENMONETIZE_API_KEY")
        return
    try:
        answer = client.ping(10.0)
    except OpenApiException as error:
        text, code = line_and_code(error, hints=False)
        yield Finding("key", FAILURE, f"from {place}: {text}", _FIXES.get(code, "see the text"))
        return
    yield Finding("key", OK, f"from {place}, valid: customer {answer.customer_id}")
    slow = answer.seconds > 2.0
    yield Finding(
        "latency",
        WARNING if slow else OK,
        f"{answer.seconds * 1000:,.0f} ms",
        "checks wait for it: see check_timeout and check_cache_seconds" if slow else None,
    )
    yield _clock(answer.clock_skew)
    for name, look in (
        ("era", _era),
        ("rate limit", lambda client: _rate_limit(answer.rate_limit)),
        ("quota", _quota),
        ("wallets", _wallets),
        ("prices", _prices),
        ("unbilled", unbilled),
    ):
        try:
            yield look(client)
        except NotServedError:
            yield Finding(name, INFO, "not looked at: this server has no route for it")
        except OpenApiException as error:
            yield Finding(name, WARNING, f"cannot be told: {line_and_code(error, hints=False)[0]}", "try again later")


def _clock(skew: float | None) -> Finding:
    if skew is None:
        return Finding("clock", INFO, "the answer has no date to compare with")
    if abs(skew) <= _MAX_SKEW:
        return Finding("clock", OK, "as the platform's, to a few seconds")
    how = "ahead" if skew > 0 else "behind"
    return Finding(
        "clock",
        WARNING,
        f"{abs(skew):,.0f} s {how} of the platform's: events have wrong times",
        "set this machine's clock, best by NTP",
    )


def _era(client: OpenMonetize) -> Finding:
    client.entitlements.list()  # its path is another one in each era
    platform = client.api_client
    is_old = isinstance(platform, CompatClient) and platform.deployment.seed_era
    return Finding("era", INFO, "the server is of the first release" if is_old else "the server is a current one")


def _rate_limit(left: RateLimit | None) -> Finding:
    if left is None:
        return Finding("rate limit", OK, "the server names none")
    text = f"{left.remaining:,} of {left.limit:,} requests left, {left.reset} s until the next window"
    if left.remaining < left.limit * _FEW_REQUESTS:
        return Finding("rate limit", WARNING, text, "all programs with this key share it: find the one that asks often")
    return Finding("rate limit", OK, text)


def _quota(client: OpenMonetize) -> Finding:
    try:
        headers = client.events.v1_events_info_get_with_http_info().headers
    except PaymentRequiredException:
        return Finding("quota", FAILURE, "used up: events wait until the month ends", "a larger plan lets them through")
    left = headers.get("x-monthly-quota-remaining", "")
    if not left.isdecimal():
        return Finding("quota", OK, "the server names none")
    text = f"{int(left):,} events left this month (this look counted as one)"
    few = int(left) < _FEW_EVENTS
    return Finding(
        "quota", WARNING if few else OK, text, "events wait when it is used up: get a larger plan" if few else None
    )


def _wallets(client: OpenMonetize) -> Finding:
    users = list(islice(client.users.iter_list(), _MAX_USERS))
    doubtful = [user for user in users if user.total_events and not user.credit_balance and user.external_user_id]
    without = [str(user.external_user_id) for user in doubtful[:_MAX_LOOKUPS] if not _has_wallet(client, user)]
    looked = f"of the newest {_MAX_USERS:,} users" if len(users) == _MAX_USERS else f"of {len(users):,} users"
    if not without:
        return Finding("wallets", OK, f"{looked}, all with usage have a wallet")
    more = "or more " if len(doubtful) > _MAX_LOOKUPS else ""
    return Finding(
        "wallets",
        WARNING,
        f"{looked}, {len(without)} {more}with usage have no wallet, so that nobody pays: {_some(without)}",
        f"openmonetize grant AMOUNT --user {_some(without, 1)}",
    )


def _has_wallet(client: OpenMonetize, user: Any) -> bool:
    try:
        client.credits.user_balance(user.external_user_id)
    except NotFoundException:
        return False
    return True


def _prices(client: OpenMonetize) -> Finding:
    now = datetime.now(timezone.utc)
    usage = client.analytics.usage(start_date=now - timedelta(days=_DAYS), end_date=now)
    priced = {(row.provider, row.model) for row in field(client.rating.pricing(), "data") or ()}
    used = [(row.provider, row.model) for row in field(usage, "data.by_provider") or () if row.provider and row.model]
    unpriced = [f"{provider} {model}" for provider, model in used if (provider, model) not in priced]
    if not unpriced:
        return Finding("prices", OK, f"all {len(used)} models of the last {_DAYS} days have a price")
    return Finding(
        "prices",
        WARNING,
        f"{len(unpriced)} of {len(used)} models of the last {_DAYS} days have no price: {_some(unpriced)}",
        "current servers bill them at a general price, often far too high: record them under a priced name "
        "(openmonetize pricing)",
    )


def _some(names: list[str], most: int = _MAX_NAMES) -> str:
    more = f" and {len(names) - most} more" if len(names) > most > 1 else ""
    return ", ".join(names[:most]) + more
