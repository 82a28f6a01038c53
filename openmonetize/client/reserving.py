"""The recording side of holds: what is recorded in a hold's block, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from openmonetize._arguments import MISSING, described
from openmonetize.client.context import EMPTY, RecordedUsage, Scope
from openmonetize.client.estimates import installed_charge_for
from openmonetize.client.recording import Recording
from openmonetize.exceptions import ApiTypeError, ApiValueError, OpenApiException
from openmonetize.pricing.credits import CREDITS_PER_CUSTOM_UNIT

if TYPE_CHECKING:
    from openmonetize.compat.price_list import InstalledPrices
    from openmonetize.events.model import EventModel
    from openmonetize.gate.holds import Hold

HOLD_TTL = 120.0  # seconds
MAX_TTL = 86_400.0  # seconds
_CREDITS_UNIT = "credits"
_COUNTS = {
    "TOKEN_USAGE": ("input_tokens", "output_tokens"),
    "IMAGE_GENERATION": ("image_count",),
    "CUSTOM": ("unit_type", "quantity"),
}


class HoldRecording:
    """Records the usage of holds. The `Settlement` of all holds of an `OpenMonetize`.

    Args:
        recording: records the events.
        prices: those of the installation.
    """

    def __init__(self, recording: Recording, prices: InstalledPrices) -> None:
        self._recording = recording
        self._prices = prices

    def scope(self, hold: Hold) -> AbstractContextManager[None]:
        """Return the scope of the hold's block: its user and feature, and the hold takes what is recorded."""
        return self._recording.scope.entered(self._scope_of(hold))

    def _scope_of(self, hold: Hold) -> Scope:
        outer = self._recording.scope.get() or EMPTY
        if outer.hold is hold.held:
            return outer
        inner = outer.nested(hold.user_id, hold.feature_id, None)
        return inner._replace(hold=hold.held, recorded=RecordedUsage(outer.recorded))

    def cost(self, event: EventModel) -> int | None:
        """Return the credits that an event burns; None if that cannot be told now."""
        complete, installed = self._recording.complete, self._prices.book
        try:
            return installed_charge_for(event, {}, complete=complete, installed=installed, era="current").credits
        except OpenApiException:
            return None

    def record(self, hold: Hold, usage: Any, fields: Mapping[str, Any]) -> str | None:
        """Record a response, a `Usage` or counts. Return the event's id, None if it was recorded in the block."""
        counts = dict(fields)
        metadata = counts.pop("metadata", None)
        with self._recording.scope.using(self._scope_of(hold)):
            if usage is not MISSING:
                return self._record_answer(usage, counts, metadata)
            kind, complete = _counted(hold, counts)
            return self._recording.record(kind, complete, None, None, None, metadata)

    def _record_answer(self, usage: Any, given: dict[str, Any], metadata: Mapping[str, Any] | None) -> str | None:
        from openmonetize.providers import Usage, usage_from

        counts = [name for name in given if name not in ("provider", "model", "host")]
        if counts:
            raise ApiTypeError(f"settle() takes a response or {counts[0]}, not both")
        if isinstance(usage, Usage):
            if given:
                raise ApiTypeError(f"{next(iter(given))} is for a response; a Usage says it itself")
        else:
            usage = usage_from(usage, **given)
        scope = self._recording.scope.get()
        if scope is not None and scope.recorded is not None and scope.recorded.has(usage):
            return None  # a wrapped client within the block has recorded it
        return self._recording.record_usage(usage, metadata=metadata)


def require_reservation(credits: Any, ttl: Any) -> None:
    """Refuse an amount that cannot be held, or a time for which it cannot.

    Raises:
        ApiTypeError, ApiValueError: it cannot.
    """
    if credits is not None:
        if isinstance(credits, bool) or not isinstance(credits, int):
            raise ApiTypeError(f"credits must be a whole number, not {described(credits)}")
        if credits < 1:
            raise ApiValueError(f"credits must be 1 or more, not {credits}")
    if isinstance(ttl, bool) or not isinstance(ttl, (int, float)) or not 0 < ttl <= MAX_TTL:
        raise ApiValueError(f"ttl must be a number of seconds above 0 and up to {MAX_TTL:.0f}, not {ttl!r}")


def _counted(hold: Hold, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the kind of event and its fields for counts that were given to `settle`."""
    if "host" in given:
        raise ApiTypeError("host is for a response")
    if "credits" in given:
        credits = given.pop("credits")
        require_reservation(credits, MAX_TTL)
        if given:
            raise ApiTypeError(f"settle() takes credits or {next(iter(given))}, not both")
        return "CUSTOM", {"unit_type": _CREDITS_UNIT, "quantity": credits / CREDITS_PER_CUSTOM_UNIT}
    kinds = [kind for kind, names in _COUNTS.items() if any(name in given for name in names)]
    if len(kinds) != 1:
        raise ApiTypeError(
            "settle() takes one of: a provider's response, a Usage, input_tokens and output_tokens, image_count, "
            "unit_type and quantity, or credits"
        )
    kind = kinds[0]
    if kind == "CUSTOM":
        given.setdefault("unit_type", MISSING)
        given.setdefault("quantity", MISSING)
        return kind, given
    for name in ("provider", "model"):
        if given.get(name) is None:
            asked = getattr(hold.question, name)
            given[name] = MISSING if asked is None else asked
    return kind, given
