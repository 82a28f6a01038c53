from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from openmonetize.providers import Usage, UsageError, wrap
from openmonetize.providers.bedrock_models import find_model
from openmonetize.testing.fake_providers import FakeProviders
from openmonetize.testing.fake_providers.reply import aws_reply, json_reply

from . import wire
from .calls import eventually, library, library_warnings, summary, take

boto3 = library("boto3")
config = library("botocore.config")
exceptions = library("botocore.exceptions")

pytestmark = library_warnings

EXACT = ("ANTHROPIC", "claude-4.5-sonnet", 11, 6, "exact")
REQUEST_ID = {"x-amzn-RequestId": "req-aws-1"}
MODEL_ID = "anthropic.claude-sonnet-4-5-20250929-v1:0"
REQUEST: Any = {"modelId": MODEL_ID, "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def aws_client(service: str, server: FakeProviders) -> Any:
    return boto3.client(
        service,
        region_name="eu-north-1",
        endpoint_url=server.url,
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=config.Config(retries={"max_attempts": 1, "mode": "standard"}),
    )


@pytest.fixture
def original(server: FakeProviders) -> Iterator[Any]:
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
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = replace(json_reply(wire.bedrock_converse()), headers=REQUEST_ID)
    assert client.converse(**REQUEST)["output"]["message"]["content"][0]["text"] == "Hello there"
    assert [summary(usage) for usage in recorded] == [EXACT]
    assert (recorded[0].response_id, recorded[0].host) == ("req-aws-1", "127.0.0.1")
    assert recorded[0].details == wire.BEDROCK_DETAILS
    assert client.meta.service_model.service_name == "bedrock-runtime"


def test_one_name_may_stand_for_every_model(original: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.bedrock_converse())
    wrap(original, record=recorded.append, provider="anthropic", model="claude-4.5-sonnet").converse(**REQUEST)
    assert [summary(usage) for usage in recorded] == [EXACT]


def test_a_model_outside_the_mapping_is_not_billed_under_a_guess(
    client: Any, server: FakeProviders, recorded: Any, caplog: Any
) -> None:
    server.script = json_reply(wire.bedrock_converse())
    assert client.converse(**{**REQUEST, "modelId": "amazon.nova-pro-v1:0"})["stopReason"] == "end_turn"
    assert recorded == []
    assert "pass model=" in caplog.text


@pytest.mark.parametrize(
    "model_id",
    [
        f"us.{MODEL_ID}",
        f"eu.{MODEL_ID}",
        f"us-gov.{MODEL_ID}",
        f"apac.{MODEL_ID}",
        f"global.{MODEL_ID}",
        f"arn:aws:bedrock:us-east-1::foundation-model/{MODEL_ID}",
        f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{MODEL_ID}",
    ],
)
def test_profiles_and_arns_of_a_model_are_the_model(
    client: Any, server: FakeProviders, recorded: list[Usage], model_id: str
) -> None:
    server.script = json_reply(wire.bedrock_converse())
    client.converse(**{**REQUEST, "modelId": model_id})
    assert [summary(usage) for usage in recorded] == [EXACT]


@pytest.mark.parametrize(
    ("names", "model_id", "found"),
    [
        ({"us.a.m": "x", "a.m": "y"}, "us.a.m", "x"),  # what was asked for, first
        ({"us.a.m": "x"}, "eu.a.m", "x"),
        ({"us.a.m": "x"}, "a.m", "x"),
        ({"arn:aws:bedrock:us-east-1:1:application-inference-profile/p1": "x"}, "p1", "x"),
        ({"p1": "x"}, "arn:aws:bedrock:us-east-1:1:application-inference-profile/p1", "x"),
        ({"ai21.jamba-v1:0": "x"}, "us.ai21.jamba-v1:0", "x"),
        ({"a.m": "x"}, "a.m2", None),
        ({"m": "x"}, "us.m", None),  # no profile: nothing after it names a maker
    ],
)
def test_a_mapping_is_searched_for_other_names_of_the_model(names: Any, model_id: str, found: Any) -> None:
    assert find_model(names, model_id) == found


def test_methods_keep_their_signatures(client: Any, original: Any) -> None:
    for name in ("converse", "converse_stream", "invoke_model"):
        wrapped, bare = getattr(client, name), getattr(original, name)
        assert (wrapped.__name__, wrapped.__doc__) == (bare.__name__, bare.__doc__)
        assert inspect.signature(wrapped) == inspect.signature(bare)


def test_a_stream_has_its_usage_in_the_metadata_event(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = replace(aws_reply(wire.bedrock_events()), headers=REQUEST_ID)
    response = client.converse_stream(**REQUEST)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert [next(iter(event)) for event in response["stream"]][-1] == "metadata"
    assert [summary(usage) for usage in recorded] == [EXACT]
    assert recorded[0].response_id == "req-aws-1"


@pytest.mark.parametrize("ending", ["drop", "close"])
def test_the_prompt_of_an_abandoned_stream_is_recorded(
    client: Any, server: FakeProviders, recorded: list[Usage], ending: str
) -> None:
    server.script = aws_reply(wire.bedrock_events())
    response = client.converse_stream(**REQUEST)
    take(response["stream"], 2)
    if ending == "close":
        response["stream"].close()
    del response
    assert eventually(lambda: recorded)
    assert (recorded[0].output_tokens, recorded[0].completeness) == (0, "partial")
    assert recorded[0].input_tokens > 0


def test_the_prompt_of_a_stream_that_is_never_read_can_be_estimated(
    original: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = aws_reply(wire.bedrock_events())
    client = wrap(
        original, record=recorded.append, provider="ANTHROPIC", model="claude-4.5-sonnet", on_partial="estimate"
    )
    request = {"modelId": MODEL_ID, "messages": [{"role": "user", "content": [{"text": "x" * 40}]}]}
    client.converse_stream(**request)["stream"].close()
    assert [summary(usage) for usage in recorded] == [("ANTHROPIC", "claude-4.5-sonnet", 10, 0, "estimated")]


def test_errors_of_the_provider_pass_through(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = json_reply({"message": "no"}, status=400)
    with pytest.raises(exceptions.ClientError):
        client.converse(**REQUEST)
    with pytest.raises(exceptions.ClientError):
        client.converse_stream(**REQUEST)
    assert recorded == []


def test_other_aws_services_cannot_be_metered(server: FakeProviders) -> None:
    with pytest.raises(TypeError, match="bedrock-runtime"):
        wrap(aws_client("sts", server), record=print, provider="ANTHROPIC", model="claude-4.5-sonnet")
