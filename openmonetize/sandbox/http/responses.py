"""Answers and errors in the platform's several shapes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Dict, Mapping, Optional

JSON_TYPE = "application/json; charset=utf-8"


@dataclass
class Response:
    """A status, a body that will be JSON (or bytes as they are), and extra headers."""

    body: Any = None
    status: int = 200
    headers: Dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE

    def encode(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if self.body is None:
            return b""
        return dump(self.body).encode("utf-8")


class Refusal(Exception):
    """Ends the handling of a request with an error answer."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Optional[Mapping[str, str]] = None) -> None:
        super().__init__(body.get("message", ""))
        self.answer = Response(dict(body), status, dict(headers or {}))


def dump(value: Any) -> str:
    """Compact JSON, as the platform writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate from somebody's event: only the escaped form can travel
        return json.dumps(value, separators=(",", ":"))
    return text


def title(status: int) -> str:
    """The framework's title of a status."""
    if status == 413:  # Python's name for it has changed
        return "Payload Too Large"
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown Status"


def gateway_error(status: int, message: str, **more: Any) -> Refusal:
    """``{error: <title>, message}``: an error that a handler of the gateway states."""
    return Refusal(status, {"error": title(status), "message": message, **more})


def service_error(status: int, code: str, message: str, **more: Any) -> Refusal:
    """``{error: <UPPER_CODE>, message}``: an error of the ingestion service or the rating engine."""
    return Refusal(status, {"error": code, "message": message, **more})


def framework_error(status: int, message: str, code: Optional[str] = None) -> Refusal:
    """``{statusCode, code?, error, message}``: an error of the web framework itself."""
    body: Dict[str, Any] = {"statusCode": status}
    if code is not None:
        body["code"] = code
    return Refusal(status, {**body, "error": title(status), "message": message})


def declared_error(status: int, message: str, code: str, declared: bool) -> Refusal:
    """A framework error on a route that may declare this status, which strips it to ``{error, message}``."""
    return gateway_error(status, message) if declared else framework_error(status, message, code)


def route_not_found(method: str, target: str) -> Refusal:
    """The framework's 404. It names the path; clients tell 'no such route' from 'no such thing' by it."""
    return Refusal(404, {"message": f"Route {method}:{target} not found", "error": "Not Found", "statusCode": 404})
