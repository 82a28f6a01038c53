"""The platform's own price rows, as data.

These are the rates at which the platform turns usage into credits. They are not the vendors' list prices, which may
differ, and the model names are spelled as the platform spells them.

Text rows come from the platform's database seed (``platform/scripts/seed.ts``), image and video rows from an optional
price script (``platform/packages/common/prisma/seed-provider-costs.ts``), both in the public repository
``openmonetize/openmonetize`` as of commit ``3c544ee`` of 2025-12-24. The rows of the first release come from the
same seed at commit ``7188f3d`` of 2025-11-19.
"""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import NamedTuple

SOURCE = "openmonetize/openmonetize, commit 3c544ee of 2025-12-24"
SEED_SOURCE = "openmonetize/openmonetize, commit 7188f3d of 2025-11-19"

INPUT_TOKEN = "INPUT_TOKEN"
OUTPUT_TOKEN = "OUTPUT_TOKEN"
IMAGE = "IMAGE"
VIDEO = "VIDEO"


class Price(NamedTuple):
    """One price row.

    Attributes:
        provider: the platform's name of the provider, in upper case.
        model: the platform's name of the model.
        unit: what is counted: ``INPUT_TOKEN``, ``OUTPUT_TOKEN``, ``IMAGE`` or ``VIDEO`` (a second of it).
        usd: US dollars for `per` units.
        per: the number of units that `usd` pays for.
        valid_from: when the row starts to apply.
    """

    provider: str
    model: str
    unit: str
    usd: Decimal
    per: int
    valid_from: datetime


_START = datetime(2025, 1, 1, tzinfo=timezone.utc)
_NOVEMBER = datetime(2025, 11, 1, tzinfo=timezone.utc)
_GEMINI_3 = datetime(2025, 11, 12, tzinfo=timezone.utc)

_TextRow = tuple[str, str, str, str, datetime]

# provider, model, US dollars for a million input tokens, the same for output tokens, valid from
_TEXT: tuple[_TextRow, ...] = (
    ("OPENAI", "gpt-5", "1.25", "10.00", _NOVEMBER),
    ("OPENAI", "o3", "2.00", "8.00", _NOVEMBER),
    ("OPENAI", "o1-pro", "75.00", "300.00", _START),
    ("OPENAI", "o1", "15.00", "60.00", _START),
    ("OPENAI", "o1-preview", "15.00", "60.00", _START),
    ("OPENAI", "gpt-4o", "2.50", "10.00", _START),
    ("OPENAI", "o4-mini", "1.10", "4.40", _START),
    ("OPENAI", "gpt-4o-mini", "0.15", "0.60", _START),
    ("ANTHROPIC", "claude-4.1-opus", "15.00", "75.00", _START),
    ("ANTHROPIC", "claude-4.5-sonnet", "3.00", "15.00", _START),
    ("ANTHROPIC", "claude-4.5-haiku", "1.00", "5.00", _START),
    ("GOOGLE", "gemini-3.0-pro", "2.00", "12.00", _GEMINI_3),
    ("GOOGLE", "gemini-3.0-flash", "0.20", "0.80", _GEMINI_3),
    ("GOOGLE", "gemini-2.5-pro", "1.25", "10.00", _START),
    ("GOOGLE", "gemini-2.5-flash-lite", "0.10", "0.40", _START),
    ("COHERE", "command-r-plus", "2.50", "10.00", _START),
    ("MISTRAL", "mistral-large", "4.00", "12.00", _START),
)

_SEED_TEXT: tuple[_TextRow, ...] = (
    ("OPENAI", "o1-pro", "75.00", "300.00", _START),
    ("OPENAI", "o1", "15.00", "60.00", _START),
    ("OPENAI", "gpt-4o", "2.50", "10.00", _START),
    ("OPENAI", "o4-mini", "1.10", "4.40", _START),
    ("OPENAI", "gpt-4o-mini", "0.15", "0.60", _START),
    ("ANTHROPIC", "claude-4.1-opus", "15.00", "75.00", _START),
    ("ANTHROPIC", "claude-4.5-sonnet", "3.00", "15.00", _START),
    ("ANTHROPIC", "claude-4.5-haiku", "1.00", "5.00", _START),
    ("ANTHROPIC", "claude-3.5-sonnet", "3.00", "15.00", _START),
    ("GOOGLE", "gemini-2.5-pro", "1.25", "10.00", _START),
    ("GOOGLE", "gemini-2.5-flash-lite", "0.10", "0.40", _START),
    ("GOOGLE", "gemini-1.5-pro", "1.25", "5.00", _START),
    ("COHERE", "command-r-plus", "2.50", "10.00", _START),
    ("MISTRAL", "mistral-large", "4.00", "12.00", _START),
)

# Added by the optional script `platform/scripts/seed-pricing.ts`; its other rows are those above.
_TOP_UP_TEXT: tuple[_TextRow, ...] = (("GOOGLE", "gemini-2.5-flash", "0.15", "0.60", _START),)

# US dollars for one image. Size and quality are part of the model name; the platform ignores the event's fields.
_IMAGES = {
    "OPENAI": {
        "dall-e-3": "0.04",
        "dall-e-3-hd": "0.08",
        "dall-e-3-xl": "0.08",
        "dall-e-3-hd-xl": "0.12",
        "gpt-image-1-low": "0.011",
        "gpt-image-1-medium": "0.042",
        "gpt-image-1-high": "0.167",
        "gpt-image-1-mini-low": "0.005",
        "gpt-image-1-mini-medium": "0.011",
        "gpt-image-1-mini-high": "0.036",
    },
    "GOOGLE": {
        "imagen-3": "0.03",
        "imagen-3-pro": "0.134",
        "imagen-3-pro-4k": "0.24",
        "imagen-4-fast": "0.02",
        "imagen-4": "0.04",
        "imagen-4-ultra": "0.06",
    },
    "STABILITY_AI": {
        "sd3": "0.065",
        "sd3-turbo": "0.04",
        "sd3.5-large": "0.08",
        "sd3.5-large-turbo": "0.04",
        "sd3.5-medium": "0.035",
        "sd3.5-flash": "0.025",
        "sdxl": "0.002",
        "sdxl-turbo": "0.0014",
    },
    "BLACK_FOREST_LABS": {
        "flux-1.1-pro-ultra": "0.06",
        "flux-1.1-pro": "0.04",
        "flux-dev": "0.025",
        "flux-schnell": "0.003",
        "flux-kontext-pro": "0.04",
        "flux-kontext-max": "0.08",
    },
    "AMAZON": {
        "titan-image-generator": "0.01",
        "titan-image-generator-xl": "0.01",
        "titan-image-generator-custom": "0.02",
        "nova-canvas-standard": "0.04",
        "nova-canvas-premium": "0.06",
        "nova-canvas-standard-2k": "0.06",
        "nova-canvas-premium-2k": "0.08",
    },
}

# US dollars for one second of video
_VIDEO = {
    "OPENAI": {"sora-2": "0.10", "sora-2-pro": "0.30", "sora-2-pro-xl": "0.50"},
    "GOOGLE": {
        "veo-2": "0.50",
        "veo-3-video": "0.20",
        "veo-3-audio": "0.40",
        "veo-3-fast": "0.10",
        "veo-3-fast-audio": "0.15",
        "veo-3.1-generate-preview": "0.40",
        "veo-3.1-fast-generate-preview": "0.15",
        "veo-3.0-generate-001": "0.40",
        "veo-3.0-fast-generate-001": "0.15",
        "veo-2.0-generate-001": "0.50",
    },
    "RUNWAY": {
        "gen-3-alpha": "0.10",
        "gen-3-alpha-turbo": "0.05",
        "gen-4": "0.12",
        "gen-4-turbo": "0.05",
        "gen-4-aleph": "0.15",
    },
    "REPLICATE": {
        "kling-v1.6-standard": "0.056",
        "kling-v1.6-pro": "0.098",
        "kling-v2.0-standard": "0.056",
        "kling-v2.0-pro": "0.115",
        "kling-v2.0-master": "0.28",
        "haiper-video-2": "0.05",
        "luma-ray2-1080p": "0.11",
        "luma-ray2-flash": "0.04",
        "luma-ray3-draft": "0.04",
        "hailuo-02-pro": "0.08",
        "hailuo-02-standard": "0.045",
        "hailuo-2.3": "0.09",
        "hailuo-2.3-fast": "0.05",
    },
}


def _text_prices(rows: tuple[_TextRow, ...]) -> tuple[Price, ...]:
    return tuple(
        Price(provider, model, unit, Decimal(usd), 1_000_000, valid_from)
        for provider, model, usd_in, usd_out, valid_from in rows
        for unit, usd in ((INPUT_TOKEN, usd_in), (OUTPUT_TOKEN, usd_out))
    )


def _unit_prices(unit: str, table: dict[str, dict[str, str]]) -> tuple[Price, ...]:
    return tuple(
        Price(provider, model, unit, Decimal(usd), 1, _START)
        for provider, models in table.items()
        for model, usd in models.items()
    )


# The 34 rows that every present installation starts with: 17 models, input and output.
TEXT_PRICES = _text_prices(_TEXT)

# The rows that an installation has as well where the optional script was run.
TOP_UP_TEXT_PRICES = _text_prices(_TOP_UP_TEXT)

# The 28 rows of the platform's first release.
SEED_TEXT_PRICES = _text_prices(_SEED_TEXT)

IMAGE_PRICES = _unit_prices(IMAGE, _IMAGES)
VIDEO_PRICES = _unit_prices(VIDEO, _VIDEO)
