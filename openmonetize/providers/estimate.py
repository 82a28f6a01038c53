"""A rough estimate of tokens where a stream was cut before the provider said how many there were.

One token per four characters of visible text, rounded up: about right for English prose, too few for code and
for Chinese, Japanese or Korean. Images, audio, files and hidden reasoning are not counted at all. It is
opt-in for that reason, and whatever is billed from it is marked ``estimated``.
"""

from __future__ import annotations

from typing import Any, Mapping

CHARACTERS_PER_TOKEN = 4

# Where requests keep what the model reads, over all providers.
_PROMPT_FIELDS = (
    "messages", "message", "chat_history", "preamble", "input", "instructions", "prompt", "system", "contents", "tools",
)  # fmt: skip
# Names, links and encoded files, which are not prompt text.
_NOT_TEXT = (
    "role",
    "type",
    "id",
    "url",
    "image_url",
    "data",
    "b64_json",
    "bytes",
    "inline_data",
    "file_data",
    "source",
)
_DEPTH = 12


def tokens(characters: int) -> int:
    """Tokens for so many characters, rounded up."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def prompt_characters(request: Mapping[str, Any]) -> int:
    """Characters of prompt text in a request's parameters."""
    return sum(_characters(request.get(name), _DEPTH) for name in _PROMPT_FIELDS)


def _characters(value: Any, depth: int) -> int:
    if isinstance(value, str):
        return len(value)
    if depth == 0 or value is None or isinstance(value, (bytes, bytearray, int, float)):
        return 0
    if not isinstance(value, Mapping):
        if isinstance(value, (list, tuple)):
            return sum(_characters(item, depth - 1) for item in value)
        value = getattr(value, "__dict__", {})  # a library's model of a message
    return sum(_characters(item, depth - 1) for name, item in value.items() if name not in _NOT_TEXT)
