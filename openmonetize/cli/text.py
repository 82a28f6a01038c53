"""Text that cannot steer a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text with the characters that a terminal would act on written out."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
