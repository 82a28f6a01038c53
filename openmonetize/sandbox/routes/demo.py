"""The seed era's demonstration: an imitation of a chat completion that is metered on the demo customer."""

from __future__ import annotations

from typing import Tuple

from openmonetize.sandbox.accounts.customers import customer_by_id
from openmonetize.sandbox.accounts.initial import DEMO_CUSTOMER
from openmonetize.sandbox.billing.events import PROVIDERS
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Response
from openmonetize.sandbox.state import SEED, new_id
from openmonetize.sandbox.validation.schema import Fields, Optionally, Text

_GENERATE = Fields(
    {
        "prompt": Text(),
        "model": Optionally(Text(), default="gpt-4"),
        "provider": Optionally(Text(), default="openai"),
    }
)
_COMPLETION_TOKENS = 20


def generate(call: Request) -> Response:
    body = call.body
    now = call.state.clock.now()
    completion_id = f"chatcmpl-{new_id()}"
    prompt_tokens = -(-len(body["prompt"]) // 4)
    _meter(call, completion_id, prompt_tokens)
    return Response(
        {
            "id": completion_id,
            "object": "chat.completion",
            "created": now // 1000,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": f"You said: {body['prompt'][:200]}"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": prompt_tokens,
                "completion_tokens": _COMPLETION_TOKENS,
                "total_tokens": prompt_tokens + _COMPLETION_TOKENS,
            },
        }
    )


def _meter(call: Request, completion_id: str, prompt_tokens: int) -> None:
    """Record the event, if the demo customer exists and the provider is one that events may name."""
    demo = customer_by_id(call.state, DEMO_CUSTOMER)
    provider = call.body["provider"].upper()
    if demo is None or provider not in PROVIDERS:
        return
    event = {
        "event_id": new_id(),
        "customer_id": DEMO_CUSTOMER,
        "event_type": "TOKEN_USAGE",
        "feature_id": "demo-chat",
        "provider": provider,
        "model": call.body["model"],
        "input_tokens": prompt_tokens,
        "output_tokens": _COMPLETION_TOKENS,
        "timestamp": iso(call.state.clock.now()),
        "idempotency_key": completion_id,
    }
    call.ingestion.accept(demo, [event])


ROUTES: Tuple[Route, ...] = (Route("POST", "/v1/demo/generate", generate, body=_GENERATE, eras=(SEED,), keyed=False),)
