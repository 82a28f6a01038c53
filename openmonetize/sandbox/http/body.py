"""Reading and parsing a request body as the platform's framework does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from openmonetize.sandbox.http.environ import INPUT
from openmonetize.sandbox.http.request_body import BodyTooLarge, RequestBody
from openmonetize.sandbox.http.responses import Refusal, declared_error, framework_error
from openmonetize.sandbox.http.uploads import TooManyUploads
from openmonetize.sandbox.json_text import read_json
from openmonetize.sandbox.validation.javascript_numbers import as_double

# What the gateway takes for any body.
MAX_BODY_BYTES = 10 * 1024 * 1024
# What the ingestion service behind it takes: larger batches are refused although the gateway let them in.
MAX_INGESTION_BODY_BYTES = 1024 * 1024

# What is kept of a body before the key is looked at.
MAX_UNKEYED_BYTES = 1024 * 1024

_INVALID_JSON = "Body is not valid JSON but content-type is set to 'application/json'"
_EMPTY_JSON = "Body cannot be empty when content-type is set to 'application/json'"


class _BadJson(ValueError):
    pass


def _refuse_constant(name: str) -> Any:
    raise _BadJson(name)


def _double(digits: str) -> Any:
    """Read an integer that is too long for Python's own reader as JavaScript does, as a double."""
    return as_double(float(digits)) if len(digits) < 400 else float("-inf" if digits[0] == "-" else "inf")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
_decoder_of_long_integers = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_double)


def read_body(
    environ: dict[str, Any], limit: int = MAX_BODY_BYTES, before_large: Callable[[], object] | None = None
) -> bytes:
    """Return the raw body.

    Args:
        environ: of the request.
        limit: the most bytes that it may have.
        before_large: called before more than `MAX_UNKEYED_BYTES` are read. If it refuses the request, the rest is
            read without being kept, since a body that is too large is refused for that first.

    Raises:
        Refusal: 413 for more than `limit` bytes, 503 if there is no place for another large body.
        OSError: the client has left or is too slow, or the body is malformed.
    """
    body: RequestBody = environ[INPUT]
    body.limit = limit
    try:
        raw = body.read(MAX_UNKEYED_BYTES)
        if not body.ended:
            _ask(before_large, body)
            raw += body.read(limit)
    except BodyTooLarge:
        raise _too_large() from None
    except TooManyUploads:
        refusal = framework_error(503, "Too many large bodies at once; come back later")
        refusal.response.headers["retry-after"] = "1"
        raise refusal from None
    return raw


def _ask(before_large: Callable[[], object] | None, body: RequestBody) -> None:
    if before_large is None:
        return
    try:
        before_large()
    except Refusal:
        body.skip(body.limit, bounded=True)
        raise


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
    except ValueError:
        raise declared_error(400, _INVALID_JSON, "FST_ERR_CTP_INVALID_JSON_BODY", declares_400) from None


def _parse_json(text: str) -> Any:
    text = text[1:] if text.startswith("\ufeff") else text
    try:
        value = read_json(text, _decoder)
    except json.JSONDecodeError:
        raise
    except _BadJson:
        raise
    except ValueError:  # more digits than `sys.get_int_max_str_digits()`
        value = read_json(text, _decoder_of_long_integers)
    if "__proto__" in text or "constructor" in text or "\\u" in text:
        _refuse_poison(value)
    return value


def _refuse_poison(value: Any) -> None:
    """Refuse keys that could rewrite the prototype of a JavaScript object, as the framework's parser does."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            constructor = item.get("constructor")
            if "__proto__" in item or (isinstance(constructor, dict) and "prototype" in constructor):
                raise _BadJson("forbidden key")
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _too_large() -> Refusal:
    return framework_error(413, "Request body is too large", "FST_ERR_CTP_BODY_TOO_LARGE")


def _wrong_type(content_type: str) -> Refusal:
    return framework_error(415, f"Unsupported Media Type: {content_type}", "FST_ERR_CTP_INVALID_MEDIA_TYPE")
