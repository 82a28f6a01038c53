"""Reading and parsing a request body as the platform's framework does."""

from __future__ import annotations

import json
import socket
from typing import Any

from openmonetize.sandbox.http.environ import BODY_BYTES_READ
from openmonetize.sandbox.http.responses import Refusal, declared_error, framework_error
from openmonetize.sandbox.validation.javascript_numbers import as_double

# What the gateway takes for any body.
MAX_BODY_BYTES = 10 * 1024 * 1024
# What the ingestion service behind it takes: larger batches are refused although the gateway let them in.
MAX_INGESTION_BODY_BYTES = 1024 * 1024

_INVALID_JSON = "Body is not valid JSON but content-type is set to 'application/json'"
_EMPTY_JSON = "Body cannot be empty when content-type is set to 'application/json'"


class _BadJson(ValueError):
    pass


def _refuse_constant(name: str) -> Any:
    raise _BadJson(name)


def _double(digits: str) -> Any:
    """Read an integer that is too long for Python's own reader as JavaScript does, as a double."""
    return as_double(float(digits)) if len(digits) < 400 else float("-inf" if digits[0] == "-" else "inf")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
_decode_long = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_double).decode


def read_body(environ: dict[str, Any], limit: int = MAX_BODY_BYTES) -> bytes:
    """Return the raw body.

    Raises:
        Refusal: 413 for more than `limit` bytes.
        ConnectionError: the client has left, or its chunks are malformed.
    """
    chunked = environ.get("wsgi.input_terminated", False)
    length = limit + 1 if chunked else content_length(environ)
    if length is None:
        raise framework_error(400, "Client Error")
    if length > limit and not chunked:
        raise _too_large()
    if not length:
        return b""
    try:
        raw: bytes = environ["wsgi.input"].read(length)
    except (ConnectionError, socket.timeout):
        raise
    except OSError as error:
        raise ConnectionAbortedError(str(error)) from error
    environ[BODY_BYTES_READ] = len(raw)
    if len(raw) > limit:
        raise _too_large()
    if len(raw) < length and not chunked:
        raise ConnectionAbortedError("the client left before its body had arrived")
    return raw


def content_length(environ: dict[str, Any]) -> int | None:
    """Return the Content-Length, or None if it is not a number."""
    text = environ.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def parse_body(raw: bytes, content_type: str | None, declares_400: bool) -> Any:
    """Return the body as a JSON value; None if there is none; a string if it came as plain text.

    Raises:
        Refusal: 400 or 415; `declares_400` says whether the route declares the former.
    """
    if content_type is None:
        if raw:
            raise _wrong_type("undefined")
        return None
    kind = content_type.split(";", 1)[0].strip().lower()
    if kind not in ("application/json", "text/plain"):
        if not raw:
            return None
        raise _wrong_type(content_type)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        message = "Request body size did not match Content-Length"
        raise declared_error(400, message, "FST_ERR_CTP_INVALID_CONTENT_LENGTH", declares_400) from None
    if kind == "text/plain":
        return text
    if not text:
        raise declared_error(400, _EMPTY_JSON, "FST_ERR_CTP_EMPTY_JSON_BODY", declares_400)
    try:
        return _parse_json(text)
    except (ValueError, RecursionError):
        raise declared_error(400, _INVALID_JSON, "FST_ERR_CTP_INVALID_JSON_BODY", declares_400) from None


def _parse_json(text: str) -> Any:
    text = text[1:] if text.startswith("\ufeff") else text
    try:
        value = _decode(text)
    except json.JSONDecodeError:
        raise
    except _BadJson:
        raise
    except ValueError:  # more digits than `sys.get_int_max_str_digits()`
        value = _decode_long(text)
    if "__proto__" in text or "constructor" in text or "\\u" in text:
        _refuse_poison(value)
    return value


def _refuse_poison(value: Any) -> None:
    """Refuse keys that could rewrite the prototype of a JavaScript object, as the framework's parser does."""
    if isinstance(value, dict):
        constructor = value.get("constructor")
        if "__proto__" in value or (isinstance(constructor, dict) and "prototype" in constructor):
            raise _BadJson("forbidden key")
        for item in value.values():
            _refuse_poison(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_poison(item)


def _too_large() -> Refusal:
    return framework_error(413, "Request body is too large", "FST_ERR_CTP_BODY_TOO_LARGE")


def _wrong_type(content_type: str) -> Refusal:
    return framework_error(415, f"Unsupported Media Type: {content_type}", "FST_ERR_CTP_INVALID_MEDIA_TYPE")
