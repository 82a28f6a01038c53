"""Errors of commands: one plain line, with a hint where there is one."""

from __future__ import annotations

from openmonetize.cli import exit_codes
from openmonetize.cli.text import printable
from openmonetize.exceptions import ApiException

_HINTS = {
    exit_codes.KEY: "`openmonetize doctor` says which key is used",
    exit_codes.NO_ANSWER: "`openmonetize doctor` looks at the connection",
    exit_codes.LIMIT: "`openmonetize doctor` shows what is left of the limits",
    exit_codes.SERVER: "`openmonetize doctor` looks at what answers there",
}
_ADMIN_KEY = "_ADMIN_KEY"  # in the names of the variables of providers' keys


class CommandError(Exception):
    """A command cannot go on.

    Args:
        text: why, in plain words.
        code: the exit code.
        hint: what to do about it.
    """

    def __init__(self, text: str, code: int = exit_codes.USAGE, hint: str | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.hint = hint


def line_and_code(error: BaseException, key_place: str | None = None, *, hints: bool = True) -> tuple[str, int]:
    """Return what to tell of an error, as one line, and the exit code.

    Args:
        error: what was raised.
        key_place: where the key was found, if that is known.
        hints: whether to add what to do about it.
    """
    if isinstance(error, CommandError):
        text, hint, code = str(error), error.hint, error.code
    else:
        code = exit_codes.code_for(error)
        text, hint = _text(error), None if _has_hint(error) else _HINTS.get(code)
        if code == exit_codes.KEY and _ADMIN_KEY in text:  # of a provider, which no profile has
            hint = None
        elif code == exit_codes.KEY and key_place is not None:
            hint = f"the key is from {key_place}; {hint or _HINTS[code]}"
        elif code == exit_codes.NOT_FOUND and "wallet" in text:
            hint = "openmonetize grant AMOUNT --user ID makes one"
    line = printable(" ".join(text.split()))
    return (f"{line} ({hint})" if hints and hint and hint not in line else line), code


def _text(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _has_hint(error: BaseException) -> bool:
    return isinstance(error, ApiException) and error.hint is not None
