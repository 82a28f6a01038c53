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
        "audio.transcriptions.create",
        "decisions.create",
        "beta.chat.completions.create",
        "beta.chat.completions.parse",
        "beta.chat.completions.stream",
        "beta.responses.create",
        "beta.responses.compact",
        # What is retrieved of jobs that have ended.
        "responses.retrieve",
        "beta.responses.retrieve",
        "files.content",
        "videos.retrieve",
        "fine_tuning.jobs.retrieve",
    ),
    "anthropic": (
        "messages.create",
        "messages.parse",
        "messages.stream",
        "beta.messages.create",
        "beta.messages.parse",
        "beta.messages.stream",
        "beta.messages.tool_runner",
        "messages.batches.results",  # of a batch that has ended
        "beta.messages.batches.results",
    ),
    "google-genai": (
        "models.generate_content",
        "models.generate_content_stream",
        "models.embed_content",
        "chats.create",
        "interactions.create",
        "decisions.create",
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
        "audio.transcriptions.complete",
        "audio.transcriptions.stream",
        "beta.conversations.start",
        "beta.conversations.start_stream",
        "beta.conversations.append",
        "beta.conversations.append_stream",
        "beta.conversations.restart",
        "beta.conversations.restart_stream",
        "beta.conversations.run_async",
        "beta.conversations.run_stream_async",
    ),
    "cohere": ("chat", "chat_stream", "embed", "with_raw_response.chat", "with_raw_response.embed"),
    "boto3": ("converse", "converse_stream"),
}

_LATER = "the work is done later, and its usage is reported elsewhere"
_FOLLOW = "the work is done later: om.follow records its usage"
_AGAIN = "reading an answer again is not another call"
_NO_USAGE = "the response has no token usage"
_SOCKET = "a socket, not a call with a response"
_OTHER_UNIT = "billed in another unit than tokens or images"
_FREE = "free of charge"
_REPORT = "a report of what was used"


def _each(reason: str, *calls: str) -> dict[str, str]:
    return dict.fromkeys(calls, reason)


# Library to the calls that are not metered, each with the reason. Record their usage with ``track_…`` calls.
NOT_METERED: Mapping[str, Mapping[str, str]] = {
    "openai": {
        "audio.speech.create": _NO_USAGE,
        "audio.translations.create": _OTHER_UNIT,
        "moderations.create": _FREE,
        **_each(_SOCKET, "realtime.connect", "responses.connect"),
        **_each(
            _FOLLOW,
            "batches.create",
            "fine_tuning.jobs.create",
            "responses.create(background=True)",
            "videos.create",
        ),
        **_each(
            _LATER,
            "beta.agents.sessions.create",
            "beta.agents.sessions.events.stream",
            "beta.threads.create_and_run",
            "beta.threads.create_and_run_poll",
            "beta.threads.runs.create",
            "beta.threads.runs.create_and_poll",
            "beta.threads.runs.submit_tool_outputs",
            "beta.threads.runs.submit_tool_outputs_and_poll",
            "evals.runs.create",
        ),
        **_each(
            _AGAIN,
            "batches.cancel",
            "batches.list",
            "batches.retrieve",
            "beta.agents.sessions.list",
            "beta.agents.sessions.retrieve",
            "beta.agents.sessions.subagents.turns.list",
            "beta.agents.sessions.subagents.turns.retrieve",
            "beta.agents.sessions.turns.list",
            "beta.agents.sessions.turns.retrieve",
            "beta.agents.sessions.update",
            "beta.chat.completions.list",
            "beta.chat.completions.retrieve",
            "beta.chat.completions.update",
            "beta.responses.cancel",
            "beta.threads.runs.cancel",
            "beta.threads.runs.list",
            "beta.threads.runs.poll",
            "beta.threads.runs.retrieve",
            "beta.threads.runs.steps.list",
            "beta.threads.runs.steps.retrieve",
            "beta.threads.runs.update",
            "chat.completions.list",
            "chat.completions.retrieve",
            "chat.completions.update",
            "evals.runs.cancel",
            "evals.runs.list",
            "evals.runs.retrieve",
            "responses.cancel",
        ),
    },
    "anthropic": {
        "messages.count_tokens": _FREE,
        "beta.organization.analytics.usage.list": _REPORT,
        **_each(_FOLLOW, "messages.batches.create", "beta.messages.batches.create"),
        **_each(
            _LATER,
            "beta.dreams.create",
            "beta.sessions.create",
            "beta.sessions.events.stream",
            "beta.sessions.threads.events.stream",
        ),
        **_each(
            _AGAIN,
            "beta.dreams.archive",
            "beta.dreams.cancel",
            "beta.dreams.list",
            "beta.dreams.retrieve",
            "beta.sessions.archive",
            "beta.sessions.events.list",
            "beta.sessions.list",
            "beta.sessions.retrieve",
            "beta.sessions.threads.archive",
            "beta.sessions.threads.events.list",
            "beta.sessions.threads.list",
            "beta.sessions.threads.retrieve",
            "beta.sessions.update",
        ),
    },
    "google-genai": {
        "aio.live.connect": _SOCKET,
        "aio.interactions.connect": _SOCKET,
        "caches.create": _OTHER_UNIT,
        "models.count_tokens": _FREE,
        "models.generate_images": "no usage in the response; track_image_generation records it",
        "voices.create": _OTHER_UNIT,
        **_each(_LATER, "batches.create", "models.generate_videos"),
        **_each(
            _AGAIN,
            "caches.get",
            "caches.list",
            "caches.update",
            "interactions.cancel",
            "interactions.get",
            "voices.get",
        ),
    },
    "mistralai": {
        "batch.jobs.create": _LATER,
        **_each(_SOCKET, "audio.realtime.transcribe_stream", "audio.realtime_speech.speak_stream"),
        **_each(_OTHER_UNIT, "audio.speech.complete", "classifiers.moderate", "ocr.process"),
    },
    "cohere": {
        "classify": "billed in classifications",
        "rerank": "billed in search units",
        "parse": "billed in pages",
        "embed_jobs.create": _LATER,
        "with_raw_response.chat_stream": "a stream of the raw client is passed through as it is",
        **_each(_AGAIN, "embed_jobs.get", "wait"),
        **_each(_FREE, "detokenize", "tokenize"),
        **_each("no longer offered", "generate", "summarize"),
    },
    "boto3": {
        "invoke_model": "its body has the format of the model's maker: read it with usage_from",
        "invoke_model_with_response_stream": "its chunks have the format of the model's maker: use StreamMeter",
        "start_async_invoke": _LATER,
        **_each("billed in text units", "apply_guardrail", "invoke_guardrail_checks"),
    },
}
