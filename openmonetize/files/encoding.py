"""The events of rows as bytes: by the event models, or in a fraction of the time where nothing new is in a row.

The rows of a file name the same few models, features and users again and again. What a model made of them once is
kept, and a row that brings only other counts, times and facts is written without a model. A property test holds both
ways to the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize._schema.resolver import model_named
from openmonetize.events.fields import MODEL_KEY
from openmonetize.events.ingest import MAX_BYTES
from openmonetize.events.providers import PROVIDERS
from openmonetize.events.times import now
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.files.mapping import RowRefused
from openmonetize.pricing.model_names import ModelNames

_SHARED = ("event_type", "feature_id", "provider", "model")
_PRICED = ("TOKEN_USAGE", "IMAGE_GENERATION")
_MAX_REMEMBERED = 10_000
_MAX_EVENT_BYTES = MAX_BYTES - 1024  # the envelope of a request, and something for its gateway
_SCALARS = (int, bool)


class EventEncoder:
    """Writes the events of rows.

    Args:
        names: the names under which models are billed.
        customer_id: goes into every event, if it is given.
    """

    def __init__(self, names: ModelNames, customer_id: str | None = None) -> None:
        self._names = names
        self._customer_id = customer_id
        self._kinds: Mapping[str, Any] = model_named("UsageEvent").models()
        self._shared: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._users: dict[str, str] = {}
        self._facts: set[str] = set()  # names of metadata that a model has taken

    def encode(self, fields: Mapping[str, Any], event_id: str) -> bytes:
        """Return the bytes of an event.

        Args:
            fields: of the event, see `openmonetize.files.mapping`.
            event_id: its id.

        Raises:
            RowRefused: the platform would refuse, lose or never bill it; the text says why.
        """
        wire = self._write(fields, event_id) if self._customer_id is None else None
        return self._by_model(fields, event_id) if wire is None else wire

    def billed_as(self, fields: Mapping[str, Any]) -> tuple[str | None, bool]:
        """Return the name under which a row's model is billed, and whether the platform has a price for it."""
        provider, model = fields.get("provider"), fields.get("model")
        if fields["event_type"] not in _PRICED or type(provider) is not str or type(model) is not str or not model:
            return model, True
        name = self._names.find(provider.upper(), model, fields.get("image_size"), fields.get("quality"))
        return name.model, name.priced

    def _write(self, fields: Mapping[str, Any], event_id: str) -> bytes | None:
        """Return the bytes of a token event like one that a model has made, else None."""
        get = fields.get
        if get("event_type") != "TOKEN_USAGE":
            return None
        try:
            shared = self._shared.get((get("provider"), get("model"), get("feature_id")))  # type: ignore[arg-type]
            user = self._users.get(get("user_id", ""))
        except TypeError:
            return None
        input_tokens, output_tokens = get("input_tokens", 0), get("output_tokens", 0)
        if (
            shared is None
            or user is None
            or type(input_tokens) is not int
            or type(output_tokens) is not int
            or not 0 <= input_tokens <= MAX_SAFE_INTEGER >= output_tokens >= 0
        ):
            return None
        text, facts = shared
        metadata = get("metadata")
        if metadata is not None:
            if not metadata or MODEL_KEY in metadata or not self._is_plain(metadata):
                return None
            own = to_json(metadata).decode()[1:-1]
            facts = f"{facts},{own}" if facts and own else facts or own
        tokens = ""
        if "input_tokens" in fields:
            tokens = f',"input_tokens":{input_tokens}'
        if "output_tokens" in fields:
            tokens = f'{tokens},"output_tokens":{output_tokens}'
        if facts:
            facts = f',"metadata":{{{facts}}}'
        return (
            f'{{"event_id":"{event_id}",{user}{text}{tokens},"timestamp":"{get("timestamp") or now()}"{facts},'
            f'"idempotency_key":"{event_id}"}}'
        ).encode()

    def _is_plain(self, metadata: Mapping[str, Any]) -> bool:
        for name, value in metadata.items():
            if name not in self._facts:
                return False
            kind = type(value)
            if kind is str:
                if not value.isascii() or "\0" in value or len(value) > 1000:
                    return False
            elif kind not in _SCALARS and not (kind is float and math.isfinite(value)):
                return False
        return True

    def _by_model(self, fields: Mapping[str, Any], event_id: str) -> bytes:
        given = {**fields, "event_id": event_id}
        if self._customer_id is not None:
            given["customer_id"] = self._customer_id
        model, _ = self.billed_as(fields)
        if model != fields.get("model"):
            given["model"] = model
            given["metadata"] = {MODEL_KEY: fields["model"], **(fields.get("metadata") or {})}
        if not fields.get("feature_id"):
            raise RowRefused("feature_id is missing: --map feature_id=COLUMN, or --set feature_id=NAME")
        kind = self._kinds[fields["event_type"]]
        try:
            event = kind(**given)
            wire: bytes = event.to_wire()
        except (ApiTypeError, ApiValueError) as error:
            provider = fields.get("provider")
            if type(provider) is str and provider and provider.upper() not in PROVIDERS:
                raise RowRefused(
                    f"the platform takes no provider {provider!r}, only {', '.join(PROVIDERS)}; say which of them it "
                    "stands for: --provider NAME=PROVIDER"
                ) from None
            raise RowRefused(str(error).replace(f"{kind.__name__}: ", "", 1)) from None
        if len(wire) > _MAX_EVENT_BYTES:
            raise RowRefused(f"is {len(wire)} bytes as an event; the platform takes {_MAX_EVENT_BYTES}")
        if kind.__name__ == "TokenUsageEvent":
            self._learn(fields, vars(event))
        return wire

    def _learn(self, fields: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        """Remember what an event shares with others."""
        key = (fields.get("provider"), fields.get("model"), fields["feature_id"])
        user = fields.get("user_id", "")
        if not all(type(part) is str and len(part) < 1000 for part in (*key, user)):
            return
        for known in (self._shared, self._users):
            if len(known) >= _MAX_REMEMBERED:
                known.clear()
        if len(self._facts) < _MAX_REMEMBERED:
            self._facts.update(fields.get("metadata") or ())
        shared = to_json({name: made[name] for name in _SHARED}).decode()[1:-1]
        facts = to_json({MODEL_KEY: fields["model"]}).decode()[1:-1] if made["model"] != fields["model"] else ""
        self._shared[key] = (shared, facts)  # type: ignore[index]
        self._users[user] = to_json({"user_id": user}).decode()[1:-1] + "," if user else ""
