"""A rough estimate of tokens where a stream was cut before the provider reported how many there were.

It counts one token per four characters of visible text, rounded up: about right for English prose, too few for code
and for Chinese, Japanese or Korean. Images, audio, files and hidden reasoning are not counted at all. For that reason
it is opt-in, and usage that it completes is marked ``estimated``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CHARACTERS_PER_TOKEN = 4

# The request parameters that hold what the model reads, of all providers.
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
_MAX_DEPTH = 12


def tokens(characters: int) -> int:
    """Return the estimated tokens of this many characters, rounded up."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def prompt_characters(request: Mapping[str, Any]) -> int:
    """Return the number of characters of prompt text in a request's parameters."""
    return sum(_characters(request.get(name), _MAX_DEPTH) for name in _PROMPT_FIELDS)


def _characters(value: Any, depth: int) -> int:
    if isinstance(value, str):
        return len(value)
    # Libraries mark what was not given with objects that are false.
    if depth == 0 or not value or isinstance(value, (bytes, bytearray, int, float)):
        return 0
    if not isinstance(value, Mapping):
        if isinstance(value, (list, tuple)):
            return sum(_characters(item, depth - 1) for item in value)
        value = getattr(value, "__dict__", {})  # a library's model of a message
    return sum(_characters(item, depth - 1) for name, item in value.items() if name not in _NOT_TEXT)
