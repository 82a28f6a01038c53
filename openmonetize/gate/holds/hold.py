"""A hold: credits that are set aside for one call, until its usage is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol

from openmonetize._arguments import MISSING, explained
from openmonetize._schema.shown import facts_html
from openmonetize.gate.checks import CheckResult, Question
from openmonetize.gate.holds.held_credits import HeldCredits


class Settlement(Protocol):
    """How usage of a hold is recorded."""

    def scope(self, hold: Hold) -> AbstractContextManager[None]:
        """Return the scope of the hold's block."""
        ...

    def record(self, hold: Hold, usage: Any, fields: Mapping[str, Any]) -> str | None:
        """Record usage in the hold's scope. Return the event's id, None if it was recorded before."""


class Hold:
    """Credits that are set aside for a call. Made by `OpenMonetize.reserve`.

    As a context manager it is released at the end of the block. Usage that is recorded within the block for the hold's
    user, by a wrapped client for one, takes the place of what is held.

    Attributes:
        user_id: whose credits they are.
        feature_id: the feature that they are held for.
        credits: how many are held at the beginning.
        check: the answer of the check, with the platform's balance.
        question: what was asked.
        held: the credits in the store.
    """

    def __init__(
        self,
        held: HeldCredits,
        credits: int,
        check: CheckResult,
        question: Question,
        settlement: Settlement,
    ) -> None:
        self.user_id = question.user_id
        self.feature_id = question.feature_id
        self.credits = credits
        self.check = check
        self.question = question
        self.held = held
        self._settlement = settlement
        self._scope: AbstractContextManager[None] | None = None

    @explained
    def settle(
        self,
        usage: Any = MISSING,
        *,
        provider: str | None = None,
        model: str | None = None,
        host: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        image_count: int | None = None,
        unit_type: str | None = None,
        quantity: float | None = None,
        credits: int | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Record what the call has used, and release the rest.

        What it costs counts against the wallet until the platform has burned it. A hold that has ended meanwhile, or
        was settled before, is no error: the usage is recorded all the same.

        Args:
            usage: a provider's whole response or a `Usage`, as for `OpenMonetize.track_usage`. What a wrapped client
                has recorded within the block is not recorded again.
            provider: for a response as for `OpenMonetize.track_usage`; for counts by default that of the reservation.
            model: likewise.
            host: for a response: the host that answered.
            input_tokens, output_tokens: counts instead of a response.
            image_count: the number of images.
            unit_type: the name of a unit of your own.
            quantity: how many of them.
            credits: a price of your own, in whole credits.
            metadata: facts of your own, kept with the event.

        Returns:
            The event's id; None if the usage was recorded within the block already.

        Raises:
            UsageError: the response has no usage. The hold goes on.
            ApiTypeError, ApiValueError, BufferFull: as for `OpenMonetize.track_usage`. The hold goes on.
        """
        counts = {
            "provider": provider,
            "model": model,
            "host": host,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "image_count": image_count,
            "unit_type": unit_type,
            "quantity": quantity,
            "credits": credits,
            "metadata": metadata,
        }
        given = {name: value for name, value in counts.items() if value is not None}
        event_id = self._settlement.record(self, usage, given)
        self.release()
        return event_id

    def release(self) -> None:
        """Give back what is held. A second time does nothing."""
        self.held.release()

    def __enter__(self) -> Hold:
        self._scope = self._settlement.scope(self)
        self._scope.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        scope, self._scope = self._scope, None
        try:
            self.release()
        finally:
            if scope is not None:
                scope.__exit__(None, None, None)

    def __repr__(self) -> str:
        state = "ended" if self.held.ended else "open"
        return f"Hold(credits={self.credits}, user_id={self.user_id!r}, feature_id={self.feature_id!r}, {state})"

    def _repr_html_(self) -> str:
        facts = {"credits": self.credits, "user_id": self.user_id, "feature_id": self.feature_id}
        return facts_html("Hold", {**facts, "balance": self.check.balance})
