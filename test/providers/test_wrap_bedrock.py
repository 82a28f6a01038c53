from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.providers import Usage, UsageError, wrap

from . import wire
from .calls import eventually, library, library_warnings, summary, take
from .server import ProviderServer, aws_reply, json_reply

boto3 = library("boto3")
config = library("botocore.config")
exceptions = library("botocore.exceptions")

pytestmark = library_warnings

EXACT = ("ANTHROPIC", "claude-4.5-sonnet", 11, 6, "exact")
MODEL_ID = "anthropic.claude-sonnet-4-5-20250929-v1:0"
REQUEST: Any = {"modelId": MODEL_ID, "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def aws_client(service: str, server: ProviderServer) -> Any:
    return boto3.client(
        service,
        region_name="eu-north-1",
        endpoint_url=server.url,
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=config.Config(retries={"max_attempts": 1, "mode": "standard"}),
    )


@pytest.fixture
def original(server: ProviderServer) -> Iterator[Any]:
    client = aws_client("bedrock-runtime", server)
    yield client
    client.close()


@pytest.fixture
def client(original: Any, recorded: list[Usage]) -> Any:
    return wrap(original, record=recorded.append, provider="ANTHROPIC", model={MODEL_ID: "claude-4.5-sonnet"})


@pytest.mark.parametrize("mapping", [{}, {"provider": "ANTHROPIC"}, {"model": "claude-4.5-sonnet"}])
def test_bedrock_needs_an_explicit_mapping(original: Any, mapping: Any) -> None:
    with pytest.raises(UsageError, match="provider= and model="):
        wrap(original, record=print, **mapping)


def test_a_conversation_is_recorded_once_under_the_users_mapping(
    client: Any, server: ProviderServer, recorded: list[Usage]
) -> None:
    server.script = json_reply(wire.bedrock_converse())
    assert client.converse(**REQUEST)["output"]["message"]["content"][0]["text"] == "Hello there"
    assert [summary(usage) for usage in recorded] == [EXACT]
    assert (recorded[0].response_id, recorded[0].host) == ("req-aws-1", "127.0.0.1")
    assert recorded[0].details == wire.BEDROCK_DETAILS
    assert client.meta.service_model.service_name == "bedrock-runtime"


def test_one_name_may_stand_for_every_model(original: Any, server: ProviderServer, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.bedrock_converse())
    wrap(original, record=recorded.append, provider="anthropic", model="claude-4.5-sonnet").converse(**REQUEST)
    assert [summary(usage) for usage in recorded] == [EXACT]


def test_a_model_outside_the_mapping_is_not_billed_under_a_guess(
    client: Any, server: ProviderServer, recorded: Any, caplog: Any
) -> None:
    server.script = json_reply(wire.bedrock_converse())
    assert client.converse(**{**REQUEST, "modelId": "amazon.nova-pro-v1:0"})["stopReason"] == "end_turn"
    assert recorded == []
    assert "pass model=" in caplog.text


def test_a_stream_has_its_usage_in_the_metadata_event(
    client: Any, server: ProviderServer, recorded: list[Usage]
) -> None:
    server.script = aws_reply(wire.bedrock_events())
    response = client.converse_stream(**REQUEST)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert [next(iter(event)) for event in response["stream"]][-1] == "metadata"
    assert [summary(usage) for usage in recorded] == [EXACT]
    assert recorded[0].response_id == "req-aws-1"


@pytest.mark.parametrize("ending", ["drop", "close"])
def test_an_abandoned_stream_without_usage_records_nothing(
    client: Any, server: ProviderServer, recorded: Any, caplog: Any, ending: str
) -> None:
    server.script = aws_reply(wire.bedrock_events())
    response = client.converse_stream(**REQUEST)
    take(response["stream"], 2)
    if ending == "close":
        response["stream"].close()
    del response
    assert eventually(lambda: "before the provider reported any usage" in caplog.text)
    assert recorded == []


def test_errors_of_the_provider_pass_through(client: Any, server: ProviderServer, recorded: Any) -> None:
    server.script = json_reply({"message": "no"}, status=400)
    with pytest.raises(exceptions.ClientError):
        client.converse(**REQUEST)
    with pytest.raises(exceptions.ClientError):
        client.converse_stream(**REQUEST)
    assert recorded == []


def test_other_aws_services_cannot_be_metered(server: ProviderServer) -> None:
    with pytest.raises(TypeError, match="bedrock-runtime"):
        wrap(aws_client("sts", server), record=print, provider="ANTHROPIC", model="claude-4.5-sonnet")
