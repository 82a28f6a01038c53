"""Responses of the providers with the figures that the tests state, made by the shipped fake providers."""

from __future__ import annotations

from typing import Any

from openmonetize.testing.fake_providers import anthropic, bedrock, cohere, google, mistral, openai
from openmonetize.testing.fake_providers.answer import Answer, Completion, Json, ToolCall


def _completion(model: str, response_id: str, **answer: Any) -> Completion:
    return Answer(response_id=response_id, **answer).completed(model, 0)


def _openai_chat(model: str, number: int) -> Completion:
    audio = {"prompt_tokens_details": {"audio_tokens": 2}, "completion_tokens_details": {"audio_tokens": 1}}
    counts = {"input_tokens": 21, "output_tokens": 9, "cached_tokens": 5, "reasoning_tokens": 4}
    return _completion(model, str(number), **counts, usage=audio)


def openai_chat(model: str = "gpt-4o-mini-2024-07-18", **usage: Any) -> Json:
    answer = openai.chat(_openai_chat(model, 1), {})
    answer["usage"].update(usage)
    return answer


OPENAI_CHAT_DETAILS = {
    "gen_ai.usage.cache_read.input_tokens": 5,
    "gen_ai.usage.audio.input_tokens": 2,
    "gen_ai.usage.reasoning.output_tokens": 4,
    "gen_ai.usage.audio.output_tokens": 1,
}


def openai_chat_chunks(*, usage: bool = True, model: str = "gpt-4o-mini-2024-07-18") -> list[Json]:
    chunks = openai.chat_chunks(_openai_chat(model, 2), {"stream_options": {"include_usage": usage}})
    return [{"usage": None, **chunk} for chunk in chunks]  # as several servers send it, asked or not


def _openai_response() -> Completion:
    counts = {"input_tokens": 40, "output_tokens": 12, "cached_tokens": 8, "cache_write_tokens": 3}
    return _completion("gpt-5-2025-08-07", "1", **counts, reasoning_tokens=6)


def openai_response(status: str = "completed") -> Json:
    return openai.response(_openai_response(), {}, status)


OPENAI_RESPONSE_DETAILS = {
    "gen_ai.usage.cache_read.input_tokens": 8,
    "gen_ai.usage.cache_write.input_tokens": 3,
    "gen_ai.usage.reasoning.output_tokens": 6,
}


def openai_response_events(terminal: str = "completed") -> list[Json]:
    return openai.response_events(_openai_response(), {}, terminal)


def openai_embeddings() -> Json:
    return openai.embeddings(_completion("text-embedding-3-small", "1", input_tokens=7), {"input": "hi"})


def _openai_image(tokens: bool = True) -> Completion:
    model = "gpt-image-1" if tokens else "dall-e-3"
    details = {"input_tokens_details": {"text_tokens": 10, "image_tokens": 40}}
    return _completion(model, "1", input_tokens=50, output_tokens=300, usage=details)


def openai_images(tokens: bool = True) -> Json:
    return openai.images(_openai_image(tokens), {"n": 2})


def openai_image_events() -> list[Json]:
    return openai.image_events(_openai_image(), {"partial_images": 1, "quality": "low"})


def _anthropic() -> Completion:
    counts = {"input_tokens": 115, "output_tokens": 7, "cached_tokens": 100, "cache_write_tokens": 10}
    searches = {"server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0}}
    return _completion("claude-sonnet-4-5-20250929", "01", **counts, reasoning_tokens=2, usage=searches)


def anthropic_message() -> Json:
    return anthropic.message(_anthropic())


ANTHROPIC_DETAILS = {
    "gen_ai.usage.cache_read.input_tokens": 100,
    "gen_ai.usage.cache_write.input_tokens": 10,
    "gen_ai.usage.reasoning.output_tokens": 2,
    "gen_ai.usage.cache_write.5m.input_tokens": 10,
    "gen_ai.usage.web_search.requests": 1,
    "gen_ai.usage.input_tokens": 115,
}


def anthropic_events() -> list[Json]:
    """Return a message's events, with one more that tells the output so far."""
    events = anthropic.message_events(_anthropic())
    so_far = {"stop_reason": None, "stop_sequence": None}
    return [*events[:-2], {"type": "message_delta", "delta": so_far, "usage": {"output_tokens": 4}}, *events[-2:]]


def _google(response_id: str = "g-1") -> Completion:
    counts = {"input_tokens": 50, "output_tokens": 16, "reasoning_tokens": 9, "cached_tokens": 5}
    modalities = [{"modality": "TEXT", "tokenCount": 46}, {"modality": "AUDIO", "tokenCount": 4}]
    more = {"toolUsePromptTokenCount": 3, "totalTokenCount": 69, "promptTokensDetails": modalities}
    return _completion("gemini-2.5-flash", response_id, **counts, usage=more)


def google_content(response_id: str = "g-1") -> Json:
    return google.content(_google(response_id))


GOOGLE_DETAILS = {
    "gen_ai.usage.cache_read.input_tokens": 5,
    "gen_ai.usage.reasoning.output_tokens": 9,
    "gen_ai.usage.tool_prompt.input_tokens": 3,
    "gen_ai.usage.text.input_tokens": 46,
    "gen_ai.usage.audio.input_tokens": 4,
    "gen_ai.usage.input_tokens": 53,
    "gen_ai.usage.output_tokens": 16,
}


def google_chunks() -> list[Json]:
    chunks = google.content_chunks(_google())
    del chunks[-1]["usageMetadata"]["cachedContentTokenCount"]  # as Gemini does
    return chunks


def google_function_call() -> Json:
    call = ToolCall("weather", {"city": "Oslo"})
    counts = {"input_tokens": 30, "output_tokens": 3}
    return google.content(_completion("gemini-2.5-flash", "g-0", text="", tool_calls=[call], **counts))


def _mistral(number: int) -> Completion:
    return _completion("mistral-large-latest", f"d2f9c{number}", input_tokens=16, output_tokens=34)


def mistral_chat() -> Json:
    return mistral.chat(_mistral(1))


def mistral_chunks() -> list[Json]:
    return mistral.chat_chunks(_mistral(2))


def mistral_embeddings() -> Json:
    return mistral.embeddings(_completion("mistral-embed", "e-1", input_tokens=6), {"input": "hi"})


def _cohere(response_id: str) -> Completion:
    counts = {"input_tokens": 215, "output_tokens": 12, "cached_tokens": 64}
    return _completion("command-r-plus", response_id, **counts, usage={"billed_units": {"input_tokens": 17.0}})


COHERE_DETAILS = {"gen_ai.usage.cache_read.input_tokens": 64, "gen_ai.usage.input_tokens": 215}


def cohere_chat() -> Json:
    return cohere.chat(_cohere("c-1"))


def cohere_v1_chat() -> Json:
    return cohere.v1_chat(_cohere("r-1"))


def cohere_embed() -> Json:
    return cohere.embed(_completion("embed-v4.0", "e-1", input_tokens=3), {"texts": ["hi"]}, "v2")


def cohere_events() -> list[Json]:
    return cohere.chat_events(_cohere("c-2"))


def cohere_v1_events() -> list[Json]:
    return cohere.v1_chat_events(_cohere("g-2"))


def _bedrock() -> Completion:
    return _completion("anthropic.claude", "1", input_tokens=31, output_tokens=6, cached_tokens=20)


BEDROCK_DETAILS = {"gen_ai.usage.cache_read.input_tokens": 20, "gen_ai.usage.input_tokens": 31}


def bedrock_converse() -> Json:
    return bedrock.converse(_bedrock())


def bedrock_events() -> list[Json]:
    return bedrock.converse_events(_bedrock())
