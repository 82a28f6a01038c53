"""The size and quality of images are part of what is recorded, wherever they are said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.client.provider_usage import event_fields
from openmonetize.pricing.vendor_names import priced_name
from openmonetize.providers import Usage, wrap
from openmonetize.testing.fake_providers import FakeProviders
from openmonetize.testing.fake_providers.reply import json_reply, sse_reply

from . import wire
from .calls import library, library_warnings

openai = library("openai")

pytestmark = library_warnings


@pytest.fixture
def client(server: FakeProviders, recorded: list[Usage]) -> Iterator[Any]:
    with openai.OpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0) as original:
        yield wrap(original, record=recorded.append)


def priced(usage: Usage) -> str | None:
    return priced_name(usage.provider, usage.model, image_size=usage.image_size, image_quality=usage.image_quality)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "dall-e-3"),
        ({"quality": "standard", "size": "1024x1024"}, "dall-e-3"),
        ({"quality": "hd"}, "dall-e-3-hd"),
        ({"size": "1792x1024"}, "dall-e-3-xl"),
        ({"quality": "hd", "size": "1024x1792"}, "dall-e-3-hd-xl"),
        ({"extra_body": {"quality": "hd"}}, "dall-e-3-hd"),
    ],
)
def test_what_was_asked_for_counts_where_the_answer_does_not_say(
    client: Any, server: FakeProviders, recorded: list[Usage], asked: Any, name: str
) -> None:
    server.script = json_reply(wire.openai_images(tokens=False))
    client.images.generate(model="dall-e-3", prompt="a boat", **asked)
    assert priced(recorded[0]) == name
    kind, fields = event_fields(recorded[0])
    said = {**asked, **asked.get("extra_body", {})}
    assert (kind, fields["quality"], fields["image_size"]) == (
        "IMAGE_GENERATION",
        said.get("quality"),
        said.get("size"),
    )


def test_what_the_answer_says_counts_more_than_what_was_asked_for(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = json_reply(wire.openai_images())
    client.images.generate(model="gpt-image-1", prompt="a boat", quality="auto", size="auto")
    client.images.edit(model="gpt-image-1", image=("a.png", b"png"), prompt="a boat", quality="low")
    assert [(usage.image_quality, usage.image_size) for usage in recorded] == [("high", "1024x1024")] * 2


def test_a_choice_left_to_the_provider_is_no_size_and_no_quality(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = json_reply(wire.openai_images(tokens=False))
    client.images.generate(model="gpt-image-1", prompt="a boat", quality="auto", size="auto")
    assert (recorded[0].image_quality, recorded[0].image_size) == (None, None)


def test_streamed_images_have_the_size_and_quality_of_the_request(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    events = wire.openai_image_events()
    for event in events:
        del event["size"], event["quality"]
    server.script = sse_reply(events, named=True)
    list(client.images.generate(model="gpt-image-1", prompt="a boat", stream=True, quality="high", size="1024x1536"))
    assert (recorded[0].image_quality, recorded[0].image_size) == ("high", "1024x1536")
