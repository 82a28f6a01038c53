"""Untrusted text made safe for a page: escaped, visible, and of bounded length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from markupsafe import Markup as Markup, escape

# Control characters, marks that change the direction of text, and lone surrogates: a reader does not see them.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def html(template: str, **values: Any) -> Markup:
    """Fill in a template of ours. Values are escaped unless they are `Markup`."""
    return Markup(template).format(**{name: _safe(value) for name, value in values.items()})


def joined(items: Iterable[Markup]) -> Markup:
    """Return the items one after the other."""
    return Markup("").join(items)


def text(value: Any, max_length: int = 120) -> Markup:
    """Return an escaped text of at most `max_length` characters."""
    found = str(value)
    shown = found if len(found) <= max_length else found[: max_length - 1] + "…"
    return escape(visible(shown))


def visible(value: str) -> str:
    """Return a text with an escape, such as ``\\u202e``, in place of every invisible character."""
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found.group()):04x}", value)


def _safe(value: Any) -> Any:
    return visible(value) if type(value) is str else value


def number(value: int) -> str:
    """Return ``1,234,567``, or from ten digits on what `compact` returns."""
    return f"{value:,}" if abs(value) < 10**9 else compact(value)


_SUFFIXES = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


def compact(value: float) -> str:
    """Return ``1.2k``, ``3.4M``, and so on."""
    if abs(value) >= 10**15:
        return f"{value:.2g}"
    for size, suffix in _SUFFIXES:
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def counted(value: int, noun: str) -> str:
    """Return ``1 event``, ``2 events``."""
    return f"{number(value)} {noun}{'' if value == 1 else 's'}"


def alike(values: Iterable[float]) -> Callable[[float], str]:
    """Return how the numbers of a list are written: all in ``0.12M``, or smaller if one would be ``0.00M``."""
    given = [value for value in values if value]
    least, most = min(given, default=0), max(given, default=0)
    for size, suffix in _SUFFIXES:
        if most >= size and least >= size / 100:
            return lambda value: f"{value / size:,.2f}{suffix}"
    return lambda value: f"{value:,.0f}"


_TEN_CENTS = Decimal("0.1")
_MAX_DECIMALS = 6


def decimals(values: Iterable[Decimal]) -> int:
    """Return how many decimals a list of dollars needs so that each is told from nothing: from two to six."""
    found = 2
    for value in values:
        written = f"{value:.{_MAX_DECIMALS}f}".rstrip("0") if abs(value) < 1 else ""
        found = max(found, len(written.partition(".")[2]))
    return found


def dollars(value: Decimal, places: int | None = None) -> str:
    """Return ``$150.47``; below a dollar three decimals, and below ten cents up to six, as in ``$0.0075``.

    ``places`` is the number of decimals instead, for the values of a list.
    """
    if places is not None:
        return f"{'-' if value < 0 else ''}${abs(value):,.{places}f}"
    written = f"{abs(value):,.2f}"
    if 0 < abs(value) < 1:
        whole, _, decimals = f"{abs(value):.{3 if abs(value) >= _TEN_CENTS else 6}f}".partition(".")
        written = f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
    return f"{'-' if value < 0 else ''}${written}"
