"""Batches of usage events: what may be in them, by era."""

from __future__ import annotations

from openmonetize.events.providers import PROVIDERS
from openmonetize.sandbox.validation.schema import (
    Fields,
    Items,
    Node,
    Number,
    OneOf,
    Optionally,
    Record,
    Text,
    Timestamp,
)

EVENT_TYPES = ("TOKEN_USAGE", "API_CALL", "FEATURE_ACCESS", "IMAGE_GENERATION", "CUSTOM")
MAX_BATCH_EVENTS = 1000

# The providers in the platform's database. Events may name the first five only; elsewhere the others are known too.
DATABASE_PROVIDERS = (*PROVIDERS, "STABILITY_AI", "RUNWAY", "REPLICATE", "AMAZON", "BLACK_FOREST_LABS")

_SHIPPED_SEED_EVENT_TYPES = EVENT_TYPES[:3]
_text = Optionally(Text())
_tokens = Optionally(Number(minimum=0, integer=True))


def _batch(customer_id: Node, event_types: tuple[str, ...]) -> Fields:
    event = Fields(
        {
            "event_id": Text(format="uuid"),
            "customer_id": customer_id,
            "user_id": _text,
            "team_id": _text,
            "event_type": OneOf(*event_types),
            "feature_id": Text(),
            "provider": Optionally(OneOf(*PROVIDERS)),
            "model": _text,
            "input_tokens": _tokens,
            "output_tokens": _tokens,
            "image_count": Optionally(Number(above=0, integer=True)),
            "image_size": _text,
            "quality": _text,
            "unit_type": _text,
            "quantity": Optionally(Number(above=0)),
            "timestamp": Timestamp(),
            "metadata": Optionally(Record()),
            "idempotency_key": _text,
        }
    )
    return Fields({"events": Items(event, min_length=1, max_length=MAX_BATCH_EVENTS)})


# What the present gateway takes.
BATCH = _batch(_text, EVENT_TYPES)
# What the seed era's contract says.
SEED_BATCH = _batch(Text(), EVENT_TYPES)
# What the seed era's servers really took.
SEED_BATCH_AS_SHIPPED = _batch(Text(), _SHIPPED_SEED_EVENT_TYPES)
