"""Counts of the tools that providers run themselves, and charge for by the call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from openmonetize.providers.otel import tool_calls_of
from openmonetize.providers.response_fields import fields_of, get, items, units

MAX_TOOLS = 16  # names that are kept of one answer

# "web_search_requests" (Anthropic, OpenRouter), "x_search_calls" and "x_posts_fetched" (xAI).
_COUNTER = re.compile(r"([a-z][a-z0-9_]{0,39})_(?:requests|calls|fetched)")

_TOOL = re.compile(r"[a-z][a-z0-9_]{0,39}")

# Items of the responses API. The calls of other tools are run by the caller.
_ITEMS = {
    "web_search_call": "web_search",
    "file_search_call": "file_search",
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
    "mcp_call": "mcp",
    "x_search_call": "x_search",
}


def counters(block: Any) -> dict[str, int]:
    """Return the counters of a block such as ``{"web_search_requests": 2}``, under their OpenTelemetry names."""
    found: dict[str, int] = {}
    for name in fields_of(block) or ():
        match = _COUNTER.fullmatch(name)
        if match and len(found) < MAX_TOOLS:
            found[tool_calls_of(match[1])] = units(block, name)
    return found


def named(block: Any) -> dict[str, int]:
    """Return the counts of a block such as ``{"web_search": 2}``, under their OpenTelemetry names."""
    tools = [name for name in fields_of(block) or () if isinstance(name, str) and _TOOL.fullmatch(name)]
    return {tool_calls_of(tool): units(block, tool) for tool in tools[:MAX_TOOLS]}


def output_calls(output: Iterable[Any]) -> dict[str, int]:
    """Return the numbers of calls among the output items of the responses API."""
    found: dict[str, int] = {}
    for item in output:
        tool = _ITEMS.get(get(item, "type") or "")
        if tool is None:
            continue
        # Opening a page and finding something in it are not charged for.
        if tool == "web_search" and (get(get(item, "action"), "type") or "search") != "search":
            continue
        name = tool_calls_of(tool)
        found[name] = found.get(name, 0) + 1
    return found


def response_tools(response: Any) -> dict[str, int]:
    """Return what a response of the responses API says of its hosted tools.

    Where the response has the provider's own count of what it charges for (``tool_usage``), that counts. The tokens of
    images are those of another model, and not in the response's usage.
    """
    found = output_calls(items(response, "output"))
    told = get(response, "tool_usage")
    searches = get(told, "web_search")
    if get(searches, "num_requests") is not None:
        found[tool_calls_of("web_search")] = units(searches, "num_requests")
    images = get(told, "image_gen")
    for direction in ("input_tokens", "output_tokens"):
        found[f"gen_ai.usage.image_generation.{direction}"] = units(images, direction)
    return {name: calls for name, calls in found.items() if calls}
