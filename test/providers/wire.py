"""Responses of the providers, as their APIs write them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def openai_chat(model: str = "gpt-4o-mini-2024-07-18", **usage: Any) -> Json:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1767225600,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello there"}}],
        "usage": {
            "prompt_tokens": 21,
            "completion_tokens": 9,
            "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 5, "audio_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 4, "audio_tokens": 1},
            **usage,
        },
    }


OPENAI_CHAT_DETAILS = {
    "gen_ai.usage.cache_read.input_tokens": 5,
    "gen_ai.usage.audio.input_tokens": 2,
    "gen_ai.usage.reasoning.output_tokens": 4,
    "gen_ai.usage.audio.output_tokens": 1,
}


def openai_chat_chunks(*, usage: bool = True, model: str = "gpt-4o-mini-2024-07-18") -> list[Json]:
    base = {"id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1767225600, "model": model}

    def chunk(delta: Json, finish: Any = None) -> Json:
        return {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": None}

    chunks = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Hello "}), chunk({"content": "there"})]
    chunks.append(chunk({}, "stop"))
    if usage:
        chunks.append({**base, "choices": [], "usage": openai_chat()["usage"]})
    return chunks


def openai_response(status: str = "completed") -> Json:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1767225600,
        "model": "gpt-5-2025-08-07",
        "status": status,
        "output": [
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Hello there", "annotations": []}],
            }
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 40,
            "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 3},
            "output_tokens": 12,
            "output_tokens_details": {"reasoning_tokens": 6},
            "total_tokens": 52,
        },
    }


OPENAI_RESPONSE_DETAILS = {
    "gen_ai.usage.cache_read.input_tokens": 8,
    "gen_ai.usage.cache_write.input_tokens": 3,
    "gen_ai.usage.reasoning.output_tokens": 6,
}


def openai_response_events(terminal: str = "completed") -> list[Json]:
    started = {**openai_response("in_progress"), "output": [], "usage": None}
    text = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    item = {"type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant", "content": []}
    done = openai_response(terminal)
    events: list[Json] = [
        {"type": "response.created", "response": started},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **text, "part": part},
        {"type": "response.output_text.delta", **text, "delta": "Hello ", "logprobs": []},
        {"type": "response.output_text.delta", **text, "delta": "there", "logprobs": []},
        {"type": "response.output_text.done", **text, "text": "Hello there", "logprobs": []},
        {"type": "response.output_item.done", "output_index": 0, "item": done["output"][0]},
        {"type": f"response.{terminal}", "response": done},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def openai_embeddings() -> Json:
    return {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}],
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }


def openai_images(tokens: bool = True) -> Json:
    images: Json = {"created": 1767225600, "data": [{"b64_json": "aGk="}, {"b64_json": "aG8="}]}
    if tokens:
        images.update(size="1024x1024", quality="high", output_format="png", background="opaque")
        images["usage"] = {
            "input_tokens": 50,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
            "output_tokens": 300,
            "total_tokens": 350,
        }
    return images


def openai_image_events() -> list[Json]:
    shared = {"b64_json": "aGk=", "created_at": 1767225600, "size": "1024x1024", "quality": "low"}
    shared.update(background="opaque", output_format="png")
    return [
        {"type": "image_generation.partial_image", "partial_image_index": 0, **shared},
        {"type": "image_generation.completed", "usage": openai_images()["usage"], **shared},
    ]


def anthropic_message() -> Json:
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": "Hello there"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 5,
            "cache_creation_input_tokens": 10,
            "cache_read_input_tokens": 100,
            "output_tokens": 7,
            "output_tokens_details": {"thinking_tokens": 2},
            "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0},
        },
    }


ANTHROPIC_DETAILS = {
    "gen_ai.usage.cache_read.input_tokens": 100,
    "gen_ai.usage.cache_write.input_tokens": 10,
    "gen_ai.usage.reasoning.output_tokens": 2,
    "anthropic.usage.web_search_requests": 1,
    "gen_ai.usage.input_tokens": 115,
}


def anthropic_events() -> list[Json]:
    start = {**anthropic_message(), "content": [], "stop_reason": None}
    start["usage"] = {
        "input_tokens": 5,
        "cache_creation_input_tokens": 10,
        "cache_read_input_tokens": 100,
        "output_tokens": 1,
    }
    late = anthropic_message()["usage"]
    final = {name: late[name] for name in ("output_tokens", "output_tokens_details", "server_tool_use")}
    text = {"type": "content_block_delta", "index": 0}
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        {**text, "delta": {"type": "text_delta", "text": "Hello "}},
        {**text, "delta": {"type": "text_delta", "text": "there"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": None, "stop_sequence": None}, "usage": {"output_tokens": 4}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": final},
        {"type": "message_stop"},
    ]


def google_content(text: str = "Hello there", finish: Any = "STOP", response_id: str = "g-1") -> Json:
    candidate: Json = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
    if finish:
        candidate["finishReason"] = finish
    return {
        "candidates": [candidate],
        "modelVersion": "gemini-2.5-flash",
        "responseId": response_id,
        "usageMetadata": {
            "promptTokenCount": 50,
            "candidatesTokenCount": 7,
            "thoughtsTokenCount": 9,
            "cachedContentTokenCount": 5,
            "toolUsePromptTokenCount": 3,
            "totalTokenCount": 69,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 46},
                {"modality": "AUDIO", "tokenCount": 4},
            ],
        },
    }


GOOGLE_DETAILS = {
    "gen_ai.usage.cache_read.input_tokens": 5,
    "gen_ai.usage.reasoning.output_tokens": 9,
    "gen_ai.usage.text.input_tokens": 46,
    "gen_ai.usage.audio.input_tokens": 4,
    "gen_ai.usage.input_tokens": 53,
    "gen_ai.usage.output_tokens": 16,
}


def google_chunks() -> list[Json]:
    first, second, last = google_content("Hello ", None), google_content("there", None), google_content("")
    first["usageMetadata"].update(candidatesTokenCount=2, thoughtsTokenCount=9)
    second["usageMetadata"].update(candidatesTokenCount=4)
    del last["usageMetadata"]["cachedContentTokenCount"]  # as Gemini does
    return [first, second, last]


def google_function_call() -> Json:
    call = google_content(response_id="g-0")
    arguments = {"city": "Oslo"}
    call["candidates"][0]["content"]["parts"] = [{"functionCall": {"name": "weather", "args": arguments}}]
    call["usageMetadata"] = {"promptTokenCount": 30, "candidatesTokenCount": 3, "totalTokenCount": 33}
    return call


def mistral_chat() -> Json:
    return {
        "id": "d2f9c1",
        "object": "chat.completion",
        "model": "mistral-large-latest",
        "created": 1767225600,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello there"}}],
        "usage": {"prompt_tokens": 16, "completion_tokens": 34, "total_tokens": 50},
    }


def mistral_chunks() -> list[Json]:
    base = {"id": "d2f9c2", "object": "chat.completion.chunk", "created": 1767225600, "model": "mistral-large-latest"}

    def chunk(content: str, finish: Any = None) -> Json:
        return {**base, "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish}]}

    return [chunk(""), chunk("Hello "), chunk("there"), {**chunk("", "stop"), "usage": mistral_chat()["usage"]}]


def mistral_embeddings() -> Json:
    return {
        "id": "e-1",
        "object": "list",
        "model": "mistral-embed",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}],
        "usage": {"prompt_tokens": 6, "completion_tokens": 0, "total_tokens": 6},
    }


COHERE_USAGE = {
    "billed_units": {"input_tokens": 17.0, "output_tokens": 12.0},
    "tokens": {"input_tokens": 215.0, "output_tokens": 12.0},
    "cached_tokens": 64.0,
}
COHERE_DETAILS = {"gen_ai.usage.cache_read.input_tokens": 64, "gen_ai.usage.input_tokens": 215}


def cohere_chat() -> Json:
    return {
        "id": "c-1",
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Hello there"}]},
        "usage": COHERE_USAGE,
    }


def cohere_v1_chat() -> Json:
    return {
        "response_id": "r-1",
        "generation_id": "g-1",
        "text": "Hello there",
        "finish_reason": "COMPLETE",
        "meta": {"api_version": {"version": "1"}, **COHERE_USAGE},
    }


def cohere_embed() -> Json:
    return {
        "id": "e-1",
        "response_type": "embeddings_by_type",
        "embeddings": {"float": [[0.1]]},
        "texts": ["hi"],
        "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 3.0}},
    }


def cohere_events() -> list[Json]:
    def delta(text: str) -> Json:
        return {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}}

    return [
        {"type": "message-start", "id": "c-2", "delta": {"message": {"role": "assistant", "content": []}}},
        {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
        delta("Hello "),
        delta("there"),
        {"type": "content-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": COHERE_USAGE}},
    ]


def cohere_v1_events() -> list[Json]:
    return [
        {"event_type": "stream-start", "generation_id": "g-2", "is_finished": False},
        {"event_type": "text-generation", "text": "Hello there", "is_finished": False},
        {"event_type": "stream-end", "is_finished": True, "finish_reason": "COMPLETE", "response": cohere_v1_chat()},
    ]


BEDROCK_USAGE = {
    "inputTokens": 11,
    "outputTokens": 6,
    "totalTokens": 37,
    "cacheReadInputTokens": 20,
    "cacheWriteInputTokens": 0,
}
BEDROCK_DETAILS = {"gen_ai.usage.cache_read.input_tokens": 20, "gen_ai.usage.input_tokens": 31}


def bedrock_converse() -> Json:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hello there"}]}},
        "stopReason": "end_turn",
        "usage": BEDROCK_USAGE,
        "metrics": {"latencyMs": 100},
    }


def bedrock_events() -> list[Json]:
    return [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Hello "}}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "there"}}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
        {"metadata": {"usage": BEDROCK_USAGE, "metrics": {"latencyMs": 100}}},
    ]
