"""The tokens that are billed for a row of a usage file."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from openmonetize._schema.timestamps import as_datetime
from openmonetize.client.provider_usage import policy_facts, usage_of_event
from openmonetize.exceptions import MissingExtraError
from openmonetize.files.mapping import RowRefused
from openmonetize.files.report import by_model
from openmonetize.providers import UsageError, otel
from openmonetize.providers.policy import billed_tokens, checked_policy
from openmonetize.providers.usage import TokenPolicy


class RowPolicy:
    """Applies a token policy to rows.

    Args:
        policy: which tokens are billed.
        calls: whether a row is one call, and not a sum of many.

    Attributes:
        unpriced: rows by model, for models that have no list price and are billed as by ``inclusive``.

    Raises:
        UsageError: there is no such policy.
        MissingExtraError: it needs prices, and they are not installed.
    """

    def __init__(self, policy: TokenPolicy, calls: bool) -> None:
        checked_policy(policy)
        self._policy = policy
        self._calls = calls
        self.unpriced: Counter[str] = Counter()

    def apply(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a row's event with the tokens to bill.

        Raises:
            RowRefused: the counts cannot be true.
        """
        if fields["event_type"] != "TOKEN_USAGE":
            return fields
        for name, count in fields.get("metadata", {}).items():
            if name.startswith(otel.USAGE) and name.endswith("_tokens") and type(count) is not int:
                raise RowRefused(f"metadata.{name} is {str(count)[:60]!r}, not a whole number of tokens")
        try:
            usage = usage_of_event(fields)
            billed = billed_tokens(usage, self._policy, _moment(fields), calls=self._calls)
        except MissingExtraError:
            raise
        except UsageError as error:
            raise RowRefused(str(error)) from None
        if billed.unpriced is not None:
            self.unpriced[by_model(usage.provider, usage.model)] += 1
        metadata = {**policy_facts(usage, billed), **usage.details, **fields.get("metadata", {})}
        return {
            **fields,
            "input_tokens": billed.input_tokens,
            "output_tokens": billed.output_tokens,
            "metadata": metadata,
        }


def _moment(fields: dict[str, Any]) -> datetime | None:
    timestamp = fields.get("timestamp")
    return None if timestamp is None else as_datetime(timestamp)
