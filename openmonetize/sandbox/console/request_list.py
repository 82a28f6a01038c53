"""The request log, and each request as a curl command.

The log keeps no key, so the command takes it from the environment. It can be pasted into a terminal whatever a
stranger's request said: every word is quoted, and one with control characters is not repeated.
"""

from __future__ import annotations

import json
import re
import shlex
from http import HTTPStatus
from typing import Any, Dict, List, Optional
from urllib.parse import quote

from openmonetize.sandbox.console.markup import Markup, html, joined, text, visible
from openmonetize.sandbox.http.request_log import BODY_KEPT

SHOWN = 30

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")


_TARGET = "".join(chr(code) for code in range(0x21, 0x7F))


def rows(entries: List[Dict[str, Any]]) -> Markup:
    """The last requests, the newest first. What each said and was told is fetched when it is opened."""
    return joined(_row(entry) for entry in reversed(entries[-SHOWN:]))


def _row(entry: Dict[str, Any]) -> Markup:
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


def detail(entry: Optional[Dict[str, Any]], base: str) -> Markup:
    """One request in full, as far as it was kept."""
    if entry is None:
        return html("<p>The log has dropped this request: it keeps the last few hundred.</p>")
    status = entry["status"]
    return html(
        '<div class="code"><button type="button" class="copy">Copy</button><pre>{curl}</pre></div>{answer}',
        curl=curl(entry, base),
        answer=html(
            "<h4>{status}, {size:,} bytes</h4><pre>{body}</pre>",
            status="the connection was cut" if status is None else f"{status} {_phrase(status)}",
            size=entry["answer_bytes"],
            body=text(pretty(entry["answer"]), 2 * BODY_KEPT),
        ),
    )


def curl(entry: Dict[str, Any], base: str) -> str:
    """A command that sends the request again, to be pasted into a POSIX shell."""
    # The log has the target's bytes as characters; what a URL cannot hold is escaped.
    target = quote(entry["target"], safe=_TARGET, encoding="latin-1", errors="replace")
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


def _unrepeatable(entry: Dict[str, Any]) -> Optional[str]:
    """Why the body cannot be a word of the command, if so."""
    if entry["body_bytes"] > BODY_KEPT:
        return f"only {BODY_KEPT:,} of its {entry['body_bytes']:,} bytes were kept"
    return "it is not plain text" if _CONTROL.search(entry["body"]) else None


def pretty(body: str) -> str:
    """JSON with line breaks; anything else as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
