"""A fast encoder for token events.

A service records the same few models and features many times. The event model checks and writes what such events share
once; after that the encoder adds id, time, user, counts and metadata to the shared text. Values that it does not know
to be valid go through the model. A property test holds both ways to the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic_core import to_json

from openmonetize._schema.jsonable import is_plain_dict
from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize.events.fields import MODEL_KEY
from openmonetize.events.ids import mint_id
from openmonetize.events.times import now

_SHARED = ("event_type", "customer_id", "feature_id", "provider", "model")
_MAX_REMEMBERED = 10_000
_MAX_BYTES = 64 * 1024  # larger events go through the model, which checks the size

# Provider, model, feature and customer, as the caller gives them.
Key = tuple[Any, Any, Any, Any]


class _Shared(NamedTuple):
    """What events with the same `Key` share: the beginning of their text, and of their metadata."""

    text: str
    facts: str


class TokenEventEncoder:
    """Encodes token events of a model and feature that was recorded before."""

    def __init__(self) -> None:
        self._known: dict[Key, _Shared] = {}
        self._users: set[str] = set()  # user ids known to need no escaping

    def learn(self, given: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        """Remember what an event shares with others of the same `Key`.

        Args:
            given: the fields as the caller gave them.
            made: the fields of the event that was made of them.
        """
        key = (given["provider"], given["model"], made["feature_id"], given.get("customer_id"))
        if not all(part is None or type(part) is str for part in key):
            return
        if len(self._known) >= _MAX_REMEMBERED:
            self._known.clear()
        shared = to_json({name: made[name] for name in _SHARED if made[name] is not None})
        facts = to_json({MODEL_KEY: given["model"]}) if made["model"] != given["model"] else b"{}"
        self._known[key] = _Shared(shared.decode()[:-1], facts.decode()[1:-1])

    def write(
        self, key: Key, user_id: Any, input_tokens: Any, output_tokens: Any, metadata: Any
    ) -> tuple[str, bytes] | None:
        """Return the id and the bytes of a new event with the present time, or None if it has to go through the model.

        Args:
            key: provider, model, feature and customer, as the caller gives them.
            user_id: the user whose wallet pays.
            input_tokens: tokens read.
            output_tokens: tokens written.
            metadata: the caller's own metadata.
        """
        try:
            shared = self._known.get(key)
        except TypeError:  # an unhashable value; the model raises the error for it
            return None
        if (
            shared is None
            or type(user_id) is not str
            or not (user_id in self._users or self._is_plain(user_id))
            or type(input_tokens) is not int
            or type(output_tokens) is not int
            or not 0 <= input_tokens <= MAX_SAFE_INTEGER >= output_tokens >= 0
        ):
            return None
        text, facts = shared
        if metadata is not None:
            if type(metadata) is not dict or MODEL_KEY in metadata or not is_plain_dict(metadata):
                return None
            own = to_json(metadata).decode()[1:-1]
            facts = f"{facts},{own}" if facts and own else facts or own
        if facts:
            facts = f',"metadata":{{{facts}}}'
        event_id = mint_id()
        wire = (
            f'{text},"user_id":"{user_id}","input_tokens":{input_tokens},'
            f'"output_tokens":{output_tokens},"event_id":"{event_id}","idempotency_key":"{event_id}",'
            f'"timestamp":"{now()}"{facts}}}'
        ).encode()
        return (event_id, wire) if len(wire) < _MAX_BYTES else None

    def _is_plain(self, user_id: str) -> bool:
        """Return whether a user id needs no escaping in JSON."""
        if not (user_id and user_id.isascii() and user_id.isprintable()) or '"' in user_id or "\\" in user_id:
            return False
        if len(self._users) >= _MAX_REMEMBERED:
            self._users.clear()
        self._users.add(user_id)
        return True
