"""Lines about what happens in a sandbox: each request, and in red each event that nobody pays for or that is lost."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from openmonetize.cli.output import Output

if TYPE_CHECKING:
    from openmonetize.sandbox import Sandbox

_MAX_REQUEST_LINES = 100  # for each call of `print_new`
_MAX_EVENT_LINES = 10
_MAX_TEXT = 200  # characters of a target, an id or a reason


class SandboxLines:
    """What has happened since the last lines were printed."""

    def __init__(self, sandbox: Sandbox, output: Output) -> None:
        from openmonetize.sandbox.billing import outcomes

        self._outcomes = outcomes
        self._sandbox = sandbox
        self._output = output
        self._request = 0
        with sandbox.state.db.lock:
            self._mark = outcomes.mark(sandbox.state)

    def print_new(self) -> None:
        """Print what is new."""
        self._print_requests()
        state = self._sandbox.state
        try:
            with state.db.lock:
                self._sandbox.control.ingestion.process_due()
                found = self._outcomes.since(state, self._mark)
                self._mark = self._outcomes.mark(state)
        except sqlite3.Error:  # such as a full disk, which the next request is answered with
            return
        lines = [_unfunded_line(*group) for group in found.unfunded[:_MAX_EVENT_LINES]]
        lines += [_more(len(found.unfunded), "users with unfunded events")]
        lines += [_dead_letter_line(*letter) for letter in found.dead_letters[:_MAX_EVENT_LINES]]
        lines += [_more(found.dead_letter_count, "dead letters")]
        self._output.print(self._output.red(line) for line in lines if line)

    def _print_requests(self) -> None:
        entries = self._sandbox.control.request_log.entries(after=self._request)
        if not entries:
            return
        skipped = entries[-1]["number"] - self._request - min(len(entries), _MAX_REQUEST_LINES)
        self._request = entries[-1]["number"]
        self._output.print([f"{'':8} {skipped:,} more requests"] if skipped else [])
        self._output.print(_request_line(entry) for entry in entries[-_MAX_REQUEST_LINES:])


def _request_line(entry: dict[str, Any]) -> str:
    status = "no answer" if entry["status"] is None else entry["status"]
    fault = f" (fault {entry['fault']})" if entry["fault"] else ""
    said = _said(entry["answer"])
    return _printable(
        f"{entry['at'][11:19]} {entry['method']} {_short(entry['target'])} {status}{fault}"
        f"{': ' + said if said else ''}, {entry['milliseconds']:,.1f} ms"
    )


def _said(answer: str) -> str:
    """Return the counts of an ingested batch, or the message of an error."""
    try:
        body = json.loads(answer)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    if "accepted" in body and "duplicates" in body:
        return f"{body['accepted']} accepted, {body['duplicates']} duplicates"
    return _short(str(body["message"])) if "error" in body and "message" in body else ""


def _unfunded_line(user_id: str | None, events: int, credits: int) -> str:
    who = "the customer itself" if user_id is None else f"user {_short(user_id)!r}"
    return _printable(f"{'':8} unfunded: {events:,} events of {who}, {credits:,} credits that no wallet pays")


def _dead_letter_line(event_id: str, reason: str) -> str:
    return _printable(f"{'':8} dead letter: event {_short(event_id)}: {_short(reason)}")


def _more(count: int, what: str) -> str:
    return f"{'':8} and {count - _MAX_EVENT_LINES:,} more {what}" if count > _MAX_EVENT_LINES else ""


def _short(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _printable(text: str) -> str:
    """Return a line whose characters cannot steer a terminal."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
