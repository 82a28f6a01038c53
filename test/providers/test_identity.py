from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from openmonetize.providers import Usage, event_id_for

OPENAI = Usage(
    provider="OPENAI", model="gpt-4o", input_tokens=1, output_tokens=1, response_id="chatcmpl-1", host="api.openai.com"
)


@pytest.mark.parametrize(
    ("provider", "host"),
    [
        ("OPENAI", "api.openai.com"),
        ("OPENAI", "API.OpenAI.com"),
        ("ANTHROPIC", "api.anthropic.com"),
        ("GOOGLE", "generativelanguage.googleapis.com"),
        ("GOOGLE", "us-central1-aiplatform.googleapis.com"),
        ("GOOGLE", "aiplatform.googleapis.com"),
        ("MISTRAL", "api.mistral.ai"),
        ("COHERE", "api.cohere.com"),
        ("COHERE", "api.cohere.ai"),
    ],
)
def test_a_first_party_call_has_the_same_id_in_every_integration(provider: str, host: str) -> None:
    usage = replace(OPENAI, provider=provider, host=host)
    event_id = event_id_for(usage)
    assert event_id is not None
    assert uuid.UUID(event_id).version == 5
    assert event_id_for(replace(usage, input_tokens=9, completeness="partial")) == event_id
    assert event_id_for(replace(usage, host=host.lower())) == event_id


def test_the_id_is_the_same_in_every_release() -> None:
    assert event_id_for(OPENAI) == "a79952f2-5925-5db3-907d-e3e179465c4c"


def test_another_call_has_another_id() -> None:
    others = [replace(OPENAI, response_id="chatcmpl-2"), replace(OPENAI, model="gpt-4o-mini")]
    assert len({event_id_for(usage) for usage in [OPENAI, *others]}) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"host": None},
        {"host": "127.0.0.1"},
        {"host": "my-resource.openai.azure.com"},
        {"host": "api.openai.com.evil.example"},
        {"host": "openrouter.ai"},
        {"response_id": None},
        {"provider": "ANTHROPIC"},
    ],
)
def test_elsewhere_response_ids_are_not_trusted(changes: dict[str, str]) -> None:
    assert event_id_for(replace(OPENAI, **changes)) is None  # type: ignore[arg-type]
