from __future__ import annotations

import pytest

from openmonetize.exceptions import OpenApiException
from openmonetize.providers import Usage, UsageError


def usage(**fields: object) -> Usage:
    return Usage(**{"provider": "OPENAI", "model": "gpt-4o", "input_tokens": 10, "output_tokens": 5, **fields})  # type: ignore[arg-type]


def test_a_plain_usage_is_exact_and_knows_no_host() -> None:
    plain = usage()
    assert (plain.completeness, plain.host, plain.response_id, plain.details) == ("exact", None, None, {})


@pytest.mark.parametrize("provider", ["openai", "AWS", "AZURE", ""])
def test_only_gateway_names_are_taken(provider: str) -> None:
    with pytest.raises(UsageError, match="OPENAI, ANTHROPIC, GOOGLE, COHERE, MISTRAL"):
        usage(provider=provider)


@pytest.mark.parametrize("model", ["", None])
def test_a_model_is_needed(model: object) -> None:
    with pytest.raises(UsageError, match="pass model="):
        usage(model=model)


@pytest.mark.parametrize("value", [-1, 1.0, True, "3", None, 2**53])
def test_counts_are_whole_and_not_negative(value: object) -> None:
    with pytest.raises(UsageError, match="input_tokens"):
        usage(input_tokens=value)


@pytest.mark.parametrize(
    "details",
    [
        {"gen_ai.usage.cache_read.input_tokens": 6, "gen_ai.usage.cache_write.input_tokens": 5},
        {"gen_ai.usage.reasoning.output_tokens": 6},
        {"gen_ai.usage.audio.output_tokens": 3, "gen_ai.usage.text.output_tokens": 3},
        {"gen_ai.usage.input_tokens": 9},
    ],
)
def test_a_part_never_exceeds_its_total(details: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="than"):
        usage(details=details)


def test_an_inclusive_total_makes_room_for_parts_outside_the_providers_own_field() -> None:
    details = {"gen_ai.usage.cache_read.input_tokens": 100, "gen_ai.usage.input_tokens": 110}
    assert usage(details=details).details == details


def test_a_usage_error_is_a_value_error() -> None:
    assert issubclass(UsageError, ValueError)
    assert issubclass(UsageError, OpenApiException)
