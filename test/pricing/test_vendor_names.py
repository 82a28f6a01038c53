"""Vendors' model names, mapped to the names that the platform prices."""

from __future__ import annotations

import pytest

from openmonetize.events.providers import PROVIDERS
from openmonetize.pricing import IMAGE_PRICES, SEED_TEXT_PRICES, TEXT_PRICES
from openmonetize.pricing.vendor_names import ALIASES, PRICED_MODELS, priced_name


@pytest.mark.parametrize(
    ("provider", "model", "name"),
    [
        ("OPENAI", "gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("OPENAI", "gpt-4o-2024-11-20", "gpt-4o"),
        ("OPENAI", "gpt-5-2025-08-07", "gpt-5"),
        ("OPENAI", "o1-pro-2025-03-19", "o1-pro"),
        ("OPENAI", "o3", "o3"),
        ("ANTHROPIC", "claude-sonnet-4-5-20250929", "claude-4.5-sonnet"),
        ("ANTHROPIC", "claude-sonnet-4-5@20250929", "claude-4.5-sonnet"),
        ("ANTHROPIC", "claude-haiku-4-5", "claude-4.5-haiku"),
        ("ANTHROPIC", "claude-opus-4-1-20250805", "claude-4.1-opus"),
        ("ANTHROPIC", "claude-3-5-sonnet-latest", "claude-3.5-sonnet"),
        ("GOOGLE", "models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("GOOGLE", "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("GOOGLE", "gemini-1.5-pro-002", "gemini-1.5-pro"),
        ("GOOGLE", "gemini-3-pro-preview", "gemini-3.0-pro"),
        ("COHERE", "command-r-plus-08-2024", "command-r-plus"),
        ("MISTRAL", "mistral-large-2411", "mistral-large"),
        ("MISTRAL", "mistral-large-latest", "mistral-large"),
    ],
)
def test_a_dated_name_or_alias_maps_to_the_priced_name(provider: str, model: str, name: str) -> None:
    assert priced_name(provider, model) == name


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("OPENAI", "gpt-4"),
        ("OPENAI", "gpt-4o-audio-preview-2024-12-17"),
        ("OPENAI", "gpt-4o-mini-transcribe"),
        ("OPENAI", "chatgpt-4o-latest"),
        ("OPENAI", "gpt-5-mini-2025-08-07"),
        ("OPENAI", "o3-mini"),
        ("OPENAI", "ft:gpt-4o-mini-2024-07-18:acme::x"),
        ("OPENAI", "gpt-image-1"),
        ("ANTHROPIC", "claude-sonnet-4-20250514"),
        ("ANTHROPIC", "claude-3-sonnet-20240229"),
        ("GOOGLE", "gemini-2.0-flash"),
        ("GOOGLE", "gemini-2.5-flash-preview-09-2025"),
        ("GOOGLE", "gemini-flash-latest"),
        ("COHERE", "command-r"),
        ("MISTRAL", "mistral-small-latest"),
        ("OPENAI", "claude-sonnet-4-5-20250929"),
        ("NOBODY", "gpt-4o"),
    ],
)
def test_anything_else_has_no_mapping(provider: str, model: str) -> None:
    assert priced_name(provider, model) is None


@pytest.mark.parametrize(
    ("model", "size", "quality", "name"),
    [
        ("dall-e-3", "1024x1024", "standard", "dall-e-3"),
        ("dall-e-3", None, None, "dall-e-3"),
        ("dall-e-3", "1024x1024", "hd", "dall-e-3-hd"),
        ("dall-e-3", "1792x1024", "standard", "dall-e-3-xl"),
        ("dall-e-3", "1024x1792", "hd", "dall-e-3-hd-xl"),
        ("gpt-image-1", "1024x1024", "high", "gpt-image-1-high"),
        ("gpt-image-1-mini", None, "low", "gpt-image-1-mini-low"),
        ("gpt-image-1", None, "auto", None),
    ],
)
def test_quality_and_size_are_part_of_an_images_priced_name(model: str, size: str, quality: str, name: str) -> None:
    assert priced_name("OPENAI", model, image_size=size, image_quality=quality) == name


def test_imagen_versions_map_to_the_priced_names() -> None:
    assert priced_name("GOOGLE", "imagen-4.0-generate-001") == "imagen-4"
    assert priced_name("GOOGLE", "imagen-4.0-ultra-generate-001") == "imagen-4-ultra"


def test_the_tables_only_name_providers_the_gateway_takes_and_aliases_end_at_prices() -> None:
    assert {provider for provider, _ in PRICED_MODELS} | set(ALIASES) <= set(PROVIDERS)
    for provider, aliases in ALIASES.items():
        assert {(provider, name) for name in aliases.values()} <= PRICED_MODELS


def test_every_row_is_priced_under_its_own_name() -> None:
    for price in TEXT_PRICES + SEED_TEXT_PRICES + IMAGE_PRICES:
        expected = price.model if price.provider in PROVIDERS else None
        assert priced_name(price.provider, price.model) == expected
