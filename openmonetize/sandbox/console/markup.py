"""Text from anywhere, made fit for a page: escaped, visible, and of bounded length."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Iterable

from markupsafe import Markup as Markup, escape

# Control characters, marks that change the direction of a text, and halves of characters. None of them is text that
# a reader sees as it is.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def html(template: str, **values: Any) -> Markup:
    """Fill in a template of ours. What is not `Markup` itself is escaped."""
    return Markup(template).format(**{name: _safe(value) for name, value in values.items()})


def joined(pieces: Iterable[Markup]) -> Markup:
    return Markup("").join(pieces)


def text(value: Any, most: int = 120) -> Markup:
    """A text of at most `most` characters."""
    found = str(value)
    shown = found if len(found) <= most else found[: most - 1] + "…"
    return escape(visible(shown))


def visible(value: str) -> str:
    """A text with an escape, such as ``\\u202e``, in place of every character that nobody sees."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", value)


def _safe(value: Any) -> Any:
    return visible(value) if type(value) is str else value


def number(value: int) -> str:
    """``1,234,567``; from ten digits on, ``1.23e+09`` and so on."""
    return f"{value:,}" if abs(value) < 10**9 else compact(value)


_SUFFIXES = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


def compact(value: float) -> str:
    """``1.2k``, ``3.4M``, and so on."""
    if abs(value) >= 10**15:
        return f"{value:.2g}"
    for size, suffix in _SUFFIXES:
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


_TEN_CENTS = Decimal("0.1")


def dollars(value: Decimal) -> str:
    """``$150.47``; below a dollar three decimals, and below ten cents up to six, as in ``$0.0075``."""
    written = f"{abs(value):,.2f}"
    if 0 < abs(value) < 1:
        whole, _, decimals = f"{abs(value):.{3 if abs(value) >= _TEN_CENTS else 6}f}".partition(".")
        written = f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
    return f"{'-' if value < 0 else ''}${written}"
