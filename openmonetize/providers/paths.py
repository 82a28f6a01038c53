"""The paths of providers' APIs: which one a request goes to, and which ones cost nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

# Requests that providers do not charge for. Anything else that is not metered is told to the user.
_FREE: Mapping[str, re.Pattern[str]] = {
    "openai": re.compile(
        r"/(moderations|files|uploads|vector_stores|assistants|conversations|webhooks|skills|organization|projects|models)"
        r"(/.*)?|/threads(/\*)?(/messages(/\*)?)?|/responses/input_tokens|/evals(/\*)?|.*/(cancel|pause|resume)"
    ),
    "anthropic": re.compile(
        r"/v1/(files|skills|models|organizations|oauth|environments|vaults|agents|memory_stores)(/.*)?"
        r"|/v1/messages/count_tokens|.*/(cancel|archive)"
    ),
    "mistralai": re.compile(
        r"/v1/(files|libraries|models|agents|connectors|observability|users|traces|spans|datasets)(/.*)?|.*/cancel"
    ),
    "google-genai": re.compile(
        r".*:(countTokens|computeTokens|cancel|register)|.*/(files|fileSearchStores)(/.*)?|.*auth_tokens"
    ),
}

# Segments of a path that name one object: "resp_68f…", "file-abc", "thread_x", numbers and UUIDs. Not "v1", "v1beta".
_ID = re.compile(
    r"(?:thread|run|msg|resp|file|asst|conv|vs|batch|ftjob|step|cntr|eval|evalrun|video|sess|session)[-_].+"
    r"|(?!v\d+(?:alpha|beta)?\d*$).*\d.*"
)


def path_of(url: Any, base_url: Any, known: Collection[str] = ()) -> str:
    """Return the path of a request under the client's base URL, with a star for each id in it.

    Args:
        url: what the library's method asks for: a path, or a whole URL.
        base_url: of the client.
        known: paths; those that servers have under ``/v1`` as well are returned as they are here.
    """
    path = str(url).partition("?")[0]
    if "://" in path:
        path = urlsplit(path).path
        base = urlsplit(str(base_url)).path.rstrip("/")
        path = path[len(base) :] if base and path.startswith(f"{base}/") else path
    path = "/" + path.strip("/")
    if path in known:
        return path
    if path.startswith("/v1/") and path[3:] in known:
        return path[3:]
    return "/".join("*" if _ID.fullmatch(part) else part for part in path.split("/"))


def is_free(library: str, path: str) -> bool:
    """Return whether requests to a path cost nothing."""
    free = _FREE.get(library)
    return free is not None and free.fullmatch(path) is not None
