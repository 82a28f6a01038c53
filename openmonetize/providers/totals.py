"""All tokens that a provider charges for, whatever its own fields leave out."""

from __future__ import annotations

from openmonetize.providers import otel
from openmonetize.providers.usage import Usage


def all_tokens(usage: Usage) -> tuple[int, int]:
    """Return everything that was read and written, in tokens: caches, reasoning and extra passes included."""
    details = usage.details
    return details.get(otel.INPUT, usage.input_tokens), details.get(otel.OUTPUT, usage.output_tokens)


def tool_calls(usage: Usage) -> dict[str, int]:
    """Return the number of calls by tool that the provider has run, such as ``web_search``."""
    found = {}
    for name, count in usage.details.items():
        if name.endswith(otel.REQUESTS) and name.startswith(otel.USAGE):
            found[name[len(otel.USAGE) : -len(otel.REQUESTS)]] = count
    return found
