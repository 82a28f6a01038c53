from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from openmonetize.providers import Usage, event_id_for
from openmonetize.providers.identity import part_id

OPENAI = Usage(
    provider="OPENAI", model="gpt-4o", input_tokens=1, output_tokens=1, response_id="chatcmpl-1", host="api.openai.com"
)

HOSTS = {
    "openai": ("api.openai.com", "API.OpenAI.com", "eu.api.openai.com", "us.api.openai.com"),
    "azure": ("my-resource.openai.azure.com", "my-resource.services.ai.azure.com", "gov.openai.azure.us"),
    "anthropic": ("api.anthropic.com",),
    "google": (
        "generativelanguage.googleapis.com",
        "us-central1-aiplatform.googleapis.com",
        "aiplatform.googleapis.com",
        "aiplatform.eu.rep.googleapis.com",
    ),
    "bedrock": (
        "bedrock-runtime.us-east-1.amazonaws.com",
        "bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
        "bedrock-runtime.cn-north-1.amazonaws.com.cn",
        "vpce-0f-a1.bedrock-runtime.eu-central-1.vpce.amazonaws.com",
        "bedrock-mantle.us-west-2.api.aws",
    ),
    "mistral": ("api.mistral.ai", "codestral.mistral.ai", "api.us.mistral.ai"),
    "cohere": ("api.cohere.com", "api.cohere.ai"),
}


@pytest.mark.parametrize("service", HOSTS)
def test_a_call_has_the_same_id_in_every_integration_and_region(service: str) -> None:
    ids = {event_id_for(replace(OPENAI, host=host)) for host in HOSTS[service]}
    (event_id,) = ids
    assert event_id is not None
    assert uuid.UUID(event_id).version == 5


def test_what_a_call_is_billed_under_is_no_part_of_its_id() -> None:
    event_id = event_id_for(OPENAI)
    for billed in ({"model": "my-model"}, {"provider": "MISTRAL"}, {"input_tokens": 9, "completeness": "partial"}):
        assert event_id_for(replace(OPENAI, **billed)) == event_id  # type: ignore[arg-type]


def test_the_id_is_the_same_in_every_release() -> None:
    assert event_id_for(OPENAI) == "5a401a64-3a84-594e-b5ca-54e7762cb87b"


def test_another_response_or_service_has_another_id() -> None:
    calls = [replace(OPENAI, response_id="chatcmpl-2"), *(replace(OPENAI, host=hosts[0]) for hosts in HOSTS.values())]
    assert len({event_id_for(usage) for usage in calls}) == 1 + len(HOSTS)


def test_each_part_of_a_call_has_an_id_of_its_own() -> None:
    event_id = str(event_id_for(OPENAI))
    parts = {part_id(event_id, "web_search"), part_id(event_id, "code_interpreter"), event_id}
    assert len(parts) == 3
    assert part_id(event_id, "web_search") in parts
    assert part_id("order-7", "web_search") == "order-7/web_search"


@pytest.mark.parametrize(
    "changes",
    [
        {"host": None},
        {"host": "127.0.0.1"},
        {"host": "api.openai.com.evil.example"},
        {"host": "evil-api.openai.com"},
        {"host": "openai.azure.com"},
        {"host": "my-gateway.azure-api.net"},
        {"host": "s3.us-east-1.amazonaws.com"},
        {"host": "openrouter.ai"},
        {"response_id": None},
    ],
)
def test_elsewhere_response_ids_are_not_trusted(changes: dict[str, str]) -> None:
    assert event_id_for(replace(OPENAI, **changes)) is None  # type: ignore[arg-type]
