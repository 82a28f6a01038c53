"""Responses and errors in the platform's several shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from openmonetize.sandbox.json_text import write_json

JSON_TYPE = "application/json; charset=utf-8"


@dataclass
class Response:
    """A status, a body that is sent as JSON (or as it is, if it is bytes), and extra headers."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE

    def encode(self) -> bytes:
        """Return the body as bytes."""
        if isinstance(self.body, bytes):
            return self.body
        if self.body is None:
            return b""
        return _json_text(self.body).encode("utf-8")


class Refusal(Exception):
    """Ends the handling of a request with an error response."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body.get("message", ""))
        self.response = Response(dict(body), status, dict(headers or {}))


def status_title(status: int) -> str:
    """Return the title that the platform's framework gives to a status."""
    if status == 413:  # Python 3.13 calls it "Content Too Large", as RFC 9110 does
        return "Payload Too Large"
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown Status"


def gateway_error(status: int, message: str, **more: Any) -> Refusal:
    """Return ``{error: <title>, message}``: an error of a handler of the gateway."""
    return Refusal(status, {"error": status_title(status), "message": message, **more})


def service_error(status: int, code: str, message: str, **more: Any) -> Refusal:
    """Return ``{error: <UPPER_CODE>, message}``: an error of the ingestion service or the rating engine."""
    return Refusal(status, {"error": code, "message": message, **more})


def framework_error(status: int, message: str, code: str | None = None) -> Refusal:
    """Return ``{statusCode, code?, error, message}``: an error of the web framework itself."""
    body: dict[str, Any] = {"statusCode": status}
    if code is not None:
        body["code"] = code
    return Refusal(status, {**body, "error": status_title(status), "message": message})


def declared_error(status: int, message: str, code: str, declared: bool) -> Refusal:
    """Return a framework error; a route that declares the status strips it to ``{error, message}``."""
    return gateway_error(status, message) if declared else framework_error(status, message, code)


def route_not_found(method: str, target: str) -> Refusal:
    """Return the framework's 404. It names the path; by that, clients tell a missing route from a missing thing."""
    return Refusal(404, {"message": f"Route {method}:{target} not found", "error": "Not Found", "statusCode": 404})


def _json_text(value: Any) -> str:
    """Return compact JSON, as the platform writes it."""
    text = write_json(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate from an event: only its escaped form can be sent
        return write_json(value, separators=(",", ":"))
    return text
