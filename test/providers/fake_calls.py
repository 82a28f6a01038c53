"""One call of each provider's library, plain and streamed, synchronous and asynchronous: text, input, output."""

from __future__ import annotations

import warnings
from typing import Any
from weakref import WeakKeyDictionary

from openmonetize.testing.fake_providers import FakeProviders

from .calls import collect, library, mistral_library

ASK: Any = [{"role": "user", "content": "Hello!"}]
Told = tuple[str, int, int]

_google_clients: WeakKeyDictionary[FakeProviders, list[Any]] = WeakKeyDictionary()


def openai(fake: FakeProviders, asynchronous: bool = False) -> Any:
    kind = library("openai").AsyncOpenAI if asynchronous else library("openai").OpenAI
    return kind(base_url=fake.openai_url, api_key="k", max_retries=0)


def anthropic(fake: FakeProviders, asynchronous: bool = False) -> Any:
    kind = library("anthropic").AsyncAnthropic if asynchronous else library("anthropic").Anthropic
    return kind(base_url=fake.anthropic_url, api_key="k", max_retries=0)


def google(fake: FakeProviders) -> Any:
    client = library("google.genai").Client(api_key="k", http_options={"base_url": fake.google_url})
    _google_clients.setdefault(fake, []).append(client)  # it closes its connections when it is collected
    return client


def mistral(fake: FakeProviders) -> Any:
    return mistral_library().Mistral(api_key="k", server_url=fake.mistral_url)


def cohere(fake: FakeProviders, kind: str = "ClientV2") -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(library("cohere"), kind)(base_url=fake.cohere_url, api_key="k")


def bedrock(fake: FakeProviders) -> Any:
    return library("boto3").client(
        "bedrock-runtime",
        endpoint_url=fake.bedrock_url,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
    )


CHAT: Any = {"model": "gpt-4o", "messages": ASK}
ASKING_USAGE: Any = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
MESSAGE: Any = {"model": "claude-haiku-4-5", "max_tokens": 100, "messages": ASK}
CONTENT: Any = {"model": "gemini-2.5-flash", "contents": "Hello!"}
MISTRAL: Any = {"model": "mistral-large-latest", "messages": ASK}
COHERE: Any = {"model": "command-r-plus", "messages": ASK}
CONVERSE: Any = {
    "modelId": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "messages": [{"role": "user", "content": [{"text": "Hello!"}]}],
}


def of_chat(answer: Any) -> Told:
    return answer.choices[0].message.content, answer.usage.prompt_tokens, answer.usage.completion_tokens


def of_chunks(chunks: Any) -> Told:
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    return text, chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens


def of_response(answer: Any) -> Told:
    return answer.output_text, answer.usage.input_tokens, answer.usage.output_tokens


def of_message(answer: Any) -> Told:
    return answer.content[0].text, answer.usage.input_tokens, answer.usage.output_tokens


def of_contents(chunks: Any) -> Told:
    usage = chunks[-1].usage_metadata
    return "".join(chunk.text or "" for chunk in chunks), usage.prompt_token_count, usage.candidates_token_count


def of_cohere(answer: Any) -> Told:
    units = answer.usage.billed_units
    return answer.message.content[0].text, units.input_tokens, units.output_tokens


def of_cohere_events(events: Any) -> Told:
    text = "".join(event.delta.message.content.text for event in events if event.type == "content-delta")
    units = events[-1].delta.usage.billed_units
    return text, units.input_tokens, units.output_tokens


def of_v1(answer: Any) -> Told:
    units = answer.meta.billed_units
    return answer.text, units.input_tokens, units.output_tokens


def of_converse(answer: Any) -> Told:
    text = answer["output"]["message"]["content"][0]["text"]
    return text, answer["usage"]["inputTokens"], answer["usage"]["outputTokens"]


def of_converse_events(events: Any) -> Told:
    text = "".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event)
    usage = events[-1]["metadata"]["usage"]
    return text, usage["inputTokens"], usage["outputTokens"]


def message_stream(fake: FakeProviders) -> Told:
    with anthropic(fake).messages.stream(**MESSAGE) as stream:
        return of_message(stream.get_final_message())


def response_stream(fake: FakeProviders) -> Told:
    with openai(fake).responses.stream(model="gpt-4o", input="Hello!") as stream:
        return of_response(stream.get_final_response())


CALLS: dict[str, Any] = {
    "openai chat": lambda fake: of_chat(openai(fake).chat.completions.create(**CHAT)),
    "openai chat stream": lambda fake: of_chunks(list(openai(fake).chat.completions.create(**ASKING_USAGE))),
    "openai responses": lambda fake: of_response(openai(fake).responses.create(model="gpt-4o", input="Hello!")),
    "openai responses stream": response_stream,
    "anthropic": lambda fake: of_message(anthropic(fake).messages.create(**MESSAGE)),
    "anthropic stream": message_stream,
    "google": lambda fake: of_contents([google(fake).models.generate_content(**CONTENT)]),
    "google stream": lambda fake: of_contents(list(google(fake).models.generate_content_stream(**CONTENT))),
    "mistral": lambda fake: of_chat(mistral(fake).chat.complete(**MISTRAL)),
    "mistral stream": lambda fake: of_chunks([event.data for event in mistral(fake).chat.stream(**MISTRAL)]),
    "cohere": lambda fake: of_cohere(cohere(fake).chat(**COHERE)),
    "cohere stream": lambda fake: of_cohere_events(list(cohere(fake).chat_stream(**COHERE))),
    "cohere v1": lambda fake: of_v1(cohere(fake, "Client").chat(message="Hello!")),
    "cohere v1 stream": lambda fake: of_v1(list(cohere(fake, "Client").chat_stream(message="Hello!"))[-1].response),
    "bedrock": lambda fake: of_converse(bedrock(fake).converse(**CONVERSE)),
    "bedrock stream": lambda fake: of_converse_events(list(bedrock(fake).converse_stream(**CONVERSE)["stream"])),
}


async def openai_async(fake: FakeProviders) -> Told:
    async with openai(fake, True) as client:
        return of_chat(await client.chat.completions.create(**CHAT))


async def openai_async_stream(fake: FakeProviders) -> Told:
    async with openai(fake, True) as client:
        return of_chunks(await collect(await client.chat.completions.create(**ASKING_USAGE)))


async def anthropic_async(fake: FakeProviders) -> Told:
    async with anthropic(fake, True) as client:
        return of_message(await client.messages.create(**MESSAGE))


async def anthropic_async_stream(fake: FakeProviders) -> Told:
    async with anthropic(fake, True) as client, client.messages.stream(**MESSAGE) as stream:
        return of_message(await stream.get_final_message())


async def google_async(fake: FakeProviders) -> Told:
    return of_contents([await google(fake).aio.models.generate_content(**CONTENT)])


async def google_async_stream(fake: FakeProviders) -> Told:
    return of_contents(await collect(await google(fake).aio.models.generate_content_stream(**CONTENT)))


async def mistral_async(fake: FakeProviders) -> Told:
    async with mistral(fake) as client:
        return of_chat(await client.chat.complete_async(**MISTRAL))


async def mistral_async_stream(fake: FakeProviders) -> Told:
    async with mistral(fake) as client:
        return of_chunks([event.data for event in await collect(await client.chat.stream_async(**MISTRAL))])


async def cohere_async(fake: FakeProviders) -> Told:
    async with cohere(fake, "AsyncClientV2") as client:
        return of_cohere(await client.chat(**COHERE))


async def cohere_async_stream(fake: FakeProviders) -> Told:
    async with cohere(fake, "AsyncClientV2") as client:
        return of_cohere_events(await collect(client.chat_stream(**COHERE)))


ASYNC_CALLS: dict[str, Any] = {
    "openai": openai_async,
    "openai stream": openai_async_stream,
    "anthropic": anthropic_async,
    "anthropic stream": anthropic_async_stream,
    "google": google_async,
    "google stream": google_async_stream,
    "mistral": mistral_async,
    "mistral stream": mistral_async_stream,
    "cohere": cohere_async,
    "cohere stream": cohere_async_stream,
}
