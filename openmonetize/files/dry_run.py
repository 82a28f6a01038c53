"""What a dry run asks the platform: who has a wallet, and what the quota still takes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from openmonetize.compat.era_rules import MAX_PATH_PARAMETER_LENGTH
from openmonetize.exceptions import NotFoundException, OpenApiException
from openmonetize.files.report import WalletShare

if TYPE_CHECKING:
    from openmonetize.client.apis import Apis

MAX_LOOKUPS = 20  # users whose wallet is asked for: requests count against the rate limit


def look_up_wallets(apis: Apis, users: Counter[str]) -> WalletShare:
    """Return how many of the users with the most rows have no wallet. It ends with the first failure.

    Args:
        apis: the platform.
        users: rows by user.
    """
    seen = missing = rows = rows_missing = 0
    for user, count in users.most_common(MAX_LOOKUPS):
        if len(user) > MAX_PATH_PARAMETER_LENGTH:
            continue
        try:
            apis.credits.user_balance(user)
        except NotFoundException:
            missing, rows_missing = missing + 1, rows_missing + count
        except OpenApiException:
            break
        seen, rows = seen + 1, rows + count
    return WalletShare(seen, missing, rows, rows_missing)


def quota_left(apis: Apis) -> int | None:
    """Return how many events this month's quota still takes, or None if the platform does not say. Costs one of it."""
    try:
        answer = apis.events.v1_events_info_get_with_http_info()
    except OpenApiException:
        return None
    text = (answer.headers or {}).get("x-monthly-quota-remaining") or ""
    return int(text) if text.isascii() and text.isdigit() else None
