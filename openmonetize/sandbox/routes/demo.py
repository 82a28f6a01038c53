"""The seed era's demonstration: an imitation of a chat completion, metered for the demo customer."""

from __future__ import annotations

from openmonetize.events.providers import PROVIDERS
from openmonetize.sandbox.accounts.customers import customer_by_id
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Response
from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.initial_accounts import DEMO_CUSTOMER
from openmonetize.sandbox.state import SEED_ERA, new_id
from openmonetize.sandbox.validation.schema import Fields, Optionally, Text

_GENERATE = Fields(
    {
        "prompt": Text(),
        "model": Optionally(Text(), default="gpt-4"),
        "provider": Optionally(Text(), default="openai"),
    }
)
_COMPLETION_TOKENS = 20


def generate(request: Request) -> Response:
    """Return a completion that repeats the prompt."""
    body = request.body
    now = request.state.clock.now()
    completion_id = f"chatcmpl-{new_id()}"
    prompt_tokens = -(-len(body["prompt"]) // 4)
    _meter(request, completion_id, prompt_tokens)
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


def _meter(request: Request, completion_id: str, prompt_tokens: int) -> None:
    """Record the event, if the demo customer exists and the provider is one that events may name."""
    demo = customer_by_id(request.state, DEMO_CUSTOMER)
    provider = request.body["provider"].upper()
    if demo is None or provider not in PROVIDERS:
        return
    event = {
        "event_id": new_id(),
        "customer_id": DEMO_CUSTOMER,
        "event_type": "TOKEN_USAGE",
        "feature_id": "demo-chat",
        "provider": provider,
        "model": request.body["model"],
        "input_tokens": prompt_tokens,
        "output_tokens": _COMPLETION_TOKENS,
        "timestamp": iso(request.state.clock.now()),
        "idempotency_key": completion_id,
    }
    request.ingestion.accept(demo, [event])


ROUTES: tuple[Route, ...] = (
    Route("POST", "/v1/demo/generate", generate, body=_GENERATE, eras=(SEED_ERA,), keyed=False),
)
