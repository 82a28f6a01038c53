"""The calls that ``wrap`` meters, and those that it does not, by library.

Tests compare both lists with the libraries themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

# Library to the calls that are metered. Asynchronous clients have the same names, or names that end in ``_async``.
METERED: Mapping[str, tuple[str, ...]] = {
    "openai": (
        "chat.completions.create",
        "chat.completions.parse",
        "chat.completions.stream",
        "completions.create",
        "responses.create",
        "responses.parse",
        "responses.stream",
        "responses.compact",
        "embeddings.create",
        "images.generate",
        "images.edit",
        "images.create_variation",
    ),
    "anthropic": (
        "messages.create",
        "messages.parse",
        "messages.stream",
        "beta.messages.create",
        "beta.messages.stream",
        "beta.messages.tool_runner",
    ),
    "google-genai": (
        "models.generate_content",
        "models.generate_content_stream",
        "models.embed_content",
        "chats.create",
    ),
    "mistralai": (
        "chat.complete",
        "chat.stream",
        "chat.parse",
        "chat.parse_stream",
        "fim.complete",
        "fim.stream",
        "agents.complete",
        "agents.stream",
        "responses.create",
        "embeddings.create",
    ),
    "cohere": ("chat", "chat_stream", "embed", "with_raw_response.chat", "with_raw_response.embed"),
    "boto3": ("converse", "converse_stream"),
}

_LATER = "the work is done later, and its usage is reported elsewhere"
_NO_USAGE = "the response has no token usage"
_SOCKET = "a socket, not a call with a response"
_OTHER_UNIT = "billed in another unit than tokens or images"

# Library to the calls that are not metered, each with the reason. Record their usage with ``track_…`` calls.
NOT_METERED: Mapping[str, Mapping[str, str]] = {
    "openai": {
        "audio.speech.create": _NO_USAGE,
        "audio.transcriptions.create": _OTHER_UNIT,
        "audio.translations.create": _OTHER_UNIT,
        "batches.create": _LATER,
        "beta.threads.create_and_run": _LATER,
        "beta.threads.runs.create": _LATER,
        "fine_tuning.jobs.create": _LATER,
        "moderations.create": "free of charge",
        "realtime.connect": _SOCKET,
        "responses.connect": _SOCKET,
        "responses.create(background=True)": _LATER,
        "responses.retrieve": "reading a response again is not another call",
        "videos.create": _LATER,
    },
    "anthropic": {
        "beta.sessions.create": _LATER,
        "messages.batches.create": _LATER,
        "messages.count_tokens": "free of charge",
    },
    "google-genai": {
        "batches.create": _LATER,
        "caches.create": _OTHER_UNIT,
        "interactions.create": "another format than generateContent",
        "aio.live.connect": _SOCKET,
        "models.count_tokens": "free of charge",
        "models.generate_images": "no usage in the response; track_image_generation records it",
        "models.generate_videos": _LATER,
    },
    "mistralai": {
        "audio.transcriptions.complete": _OTHER_UNIT,
        "batch.jobs.create": _LATER,
        "beta.conversations.append": "another format than chat",
        "beta.conversations.restart": "another format than chat",
        "beta.conversations.start": "another format than chat",
        "classifiers.moderate": _OTHER_UNIT,
        "ocr.process": _OTHER_UNIT,
    },
    "cohere": {
        "classify": "billed in classifications",
        "embed_jobs.create": _LATER,
        "rerank": "billed in search units",
        "with_raw_response.chat_stream": "a stream of the raw client is passed through as it is",
    },
    "boto3": {
        "invoke_model": "its body has the format of the model's maker: read it with usage_from",
        "invoke_model_with_response_stream": "its chunks have the format of the model's maker: use StreamMeter",
        "start_async_invoke": _LATER,
    },
}
