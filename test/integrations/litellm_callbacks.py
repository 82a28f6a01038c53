"""LiteLLM's lists of callbacks."""

from __future__ import annotations

import litellm

CALLBACK_LISTS = (
    "callbacks",
    "input_callback",
    "success_callback",
    "failure_callback",
    "_async_input_callback",
    "_async_success_callback",
    "_async_failure_callback",
)


def forget_callbacks() -> None:
    """Remove all callbacks."""
    for name in CALLBACK_LISTS:  # LiteLLM copies those of the first to the others
        setattr(litellm, name, [])
