"""The request log, and each request as a curl command.

The log keeps no key, so the command takes it from the environment. The command is safe to paste into a terminal,
whatever the request contains: every word is quoted, control characters become escapes, and a body that has any is left
out.
"""

from __future__ import annotations

import json
import re
import shlex
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from openmonetize.sandbox.console.markup import Markup, html, joined, text, visible
from openmonetize.sandbox.http.request_log import MAX_BODY_KEPT

_MAX_ROWS = 30
_CONTROL_CHARACTER = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
_TARGET_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F))


def rows(entries: list[dict[str, Any]]) -> Markup:
    """Return the last requests, the newest first. Their details are fetched when one is opened."""
    return joined(_row(entry) for entry in reversed(entries[-_MAX_ROWS:]))


def _row(entry: dict[str, Any]) -> Markup:
    status = entry["status"]
    fault = html(' <span class="tag warn">fault {fault}</span>', fault=text(entry["fault"], 40))
    return html(
        '<li data-key="{number}"><details data-request="{number}"><summary><time>{at}</time>'
        '<b class="method">{method}</b><span class="target">{target}</span>{fault}'
        '<span class="status s{kind}">{status}</span><span class="took">{took:,.1f} ms</span></summary>'
        '<div class="detail">…</div></details></li>',
        number=entry["number"],
        at=entry["at"][11:19],
        method=text(entry["method"], 20),
        target=text(entry["target"], 160),
        fault=fault if entry["fault"] else Markup(""),
        kind=0 if status is None else status // 100,
        status="no answer" if status is None else status,
        took=entry["milliseconds"],
    )


def detail(entry: dict[str, Any] | None, base: str) -> Markup:
    """Return one request and its response, as far as they were kept."""
    if entry is None:
        return html("<p>The log has dropped this request: it keeps the last few hundred.</p>")
    status = entry["status"]
    return html(
        '<div class="code"><button type="button" class="copy">Copy</button><pre>{curl}</pre></div>{response}',
        curl=curl(entry, base),
        response=html(
            "<h4>{status}, {size:,} bytes</h4><pre>{body}</pre>",
            status="the connection was cut" if status is None else f"{status} {_phrase(status)}",
            size=entry["answer_bytes"],
            body=text(pretty(entry["answer"]), 2 * MAX_BODY_KEPT),
        ),
    )


def curl(entry: dict[str, Any], base: str) -> str:
    """Return a command for a POSIX shell that sends the request again."""
    # The log has the target's bytes as characters (latin-1, as WSGI does); those that no URL may have are escaped.
    target = quote(entry["target"], safe=_TARGET_CHARACTERS, encoding="latin-1", errors="replace")
    body = entry["body"]
    head = ["curl"]
    if set("[]{}") & set(target):
        head.append("--globoff")
    if "/." in target:
        head.append("--path-as-is")
    if entry["method"] == "HEAD":
        head.append("--head")
    elif entry["method"] != ("POST" if body else "GET"):
        head.append(f"--request {shlex.quote(visible(entry['method']))}")
    lines = [" ".join([*head, shlex.quote(base + target)])]
    if entry["keyed"]:
        lines.append('-H "Authorization: Bearer $OPENMONETIZE_API_KEY"')
    content_type = entry["headers"].get("content-type")
    if content_type:
        lines.append("-H " + shlex.quote(f"Content-Type: {visible(content_type)}"))
    why = _unrepeatable(entry)
    if why:
        lines.append(f"--data-binary @body  # write the body into the file `body`; {why}")
    elif body:
        lines.append(f"--data-raw {shlex.quote(body)}")
    return " \\\n  ".join(lines)


def _unrepeatable(entry: dict[str, Any]) -> str | None:
    """Return why the body cannot be a word of the command, or None if it can."""
    if entry["body_bytes"] > MAX_BODY_KEPT:
        return f"only {MAX_BODY_KEPT:,} of its {entry['body_bytes']:,} bytes were kept"
    return "it is not plain text" if _CONTROL_CHARACTER.search(entry["body"]) else None


def pretty(body: str) -> str:
    """Return JSON with line breaks, and any other text unchanged."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
