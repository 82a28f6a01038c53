"""The platform's rules for usage events, from its measured behaviour, written without the library.

``problems`` checks the events that the library accepts.
"""

from __future__ import annotations

import calendar
import json
import math
import re
from collections.abc import Mapping
from typing import Any

PROVIDERS = {"OPENAI", "ANTHROPIC", "GOOGLE", "COHERE", "MISTRAL"}
COMMON = {
    "event_id",
    "customer_id",
    "user_id",
    "team_id",
    "event_type",
    "feature_id",
    "timestamp",
    "metadata",
    "idempotency_key",
}
OWN: dict[str, set] = {
    "TOKEN_USAGE": {"provider", "model", "input_tokens", "output_tokens"},
    "IMAGE_GENERATION": {"provider", "model", "image_count", "image_size", "quality"},
    "CUSTOM": {"unit_type", "quantity"},
    "API_CALL": {"provider", "model"},
}
LARGEST = 9_007_199_254_740_991

_UUID = re.compile(
    r"([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
    r"|0{8}-0{4}-0{4}-0{4}-0{12}|[fF]{8}-[fF]{4}-[fF]{4}-[fF]{4}-[fF]{12})",
    re.ASCII,
)
_TIME = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?Z", re.ASCII)


def wire(event: Any) -> dict[str, Any]:
    """Return the event as the platform's JSON parser sees it."""

    def not_json(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    def once(pairs: Any) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), "a key came twice"
        return dict(pairs)

    raw = event.to_wire()
    found: dict[str, Any] = json.loads(raw.decode("utf-8"), parse_constant=not_json, object_pairs_hook=once)
    return found


def problems(event: Mapping[str, Any]) -> list[str]:
    """Return why the platform would refuse, lose or never bill the event."""
    kind = event.get("event_type")
    if kind not in OWN:
        return [f"event_type {kind!r}"]
    found = [f"unexpected {name}" for name in set(event) - COMMON - OWN[kind]]
    found += [f"null {name}" for name, value in event.items() if value is None]
    if not (isinstance(event.get("event_id"), str) and _UUID.fullmatch(event["event_id"])):
        found.append("event_id")
    if not _is_time(event.get("timestamp")):
        found.append("timestamp")
    if not event.get("idempotency_key"):
        found.append("idempotency_key")
    if "feature_id" not in event:
        found.append("feature_id")
    if event.get("team_id"):
        found.append("lost with its team")
    if event.get("user_id") == "":
        found.append("charged to the customer")
    found += [name for name in event if name not in _NUMBERS and name != "metadata" and not _is_text(event[name])]
    found += [name for name in ("input_tokens", "output_tokens") if not _is_count(event.get(name, 0), 0)]
    if not _is_count(event.get("image_count", 1), 1):
        found.append("image_count")
    if event.get("provider", "OPENAI") not in PROVIDERS:
        found.append("provider")
    if not isinstance(event.get("metadata", {}), dict) or not _can_be_stored(event.get("metadata", {})):
        found.append("metadata")
    return found + _never_billed(event)


_NUMBERS = {"input_tokens", "output_tokens", "image_count", "quantity"}


def _never_billed(event: Mapping[str, Any]) -> list[str]:
    if event["event_type"] == "CUSTOM":
        quantity = event.get("quantity")
        if isinstance(quantity, bool) or not isinstance(quantity, (int, float)) or not math.isfinite(quantity):
            return ["quantity"]
        if not event.get("unit_type"):
            return ["unit_type"]
        return [] if quantity > 0 and float(float(quantity) * 10).is_integer() else ["quantity is never billed"]
    used = event.get("input_tokens") or event.get("output_tokens") or event["event_type"] == "IMAGE_GENERATION"
    return ["counts without provider and model"] if used and not (event.get("provider") and event.get("model")) else []


def _is_time(value: Any) -> bool:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return False
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    if not (year >= 1 and 1 <= month <= 12 and hour <= 23 and minute <= 59 and int(match[6] or 0) <= 59):
        return False
    return 1 <= day <= calendar.monthrange(year, month)[1]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST


def _can_be_stored(value: Any) -> bool:
    if isinstance(value, dict):
        if "__proto__" in value or (isinstance(value.get("constructor"), dict) and "prototype" in value["constructor"]):
            return False  # the parser refuses the whole request
        return all(_is_text(key) and _can_be_stored(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_can_be_stored, value))
    if isinstance(value, str):
        return _is_text(value)
    return value is None or isinstance(value, (bool, int)) or math.isfinite(value)
