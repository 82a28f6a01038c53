"""Decoding of answers: to the type that belongs to the status, or to one error that says what is wrong."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from openmonetize._http.operation import BYTES, FREE, TEXT, Operation
from openmonetize._http.redaction import redacted
from openmonetize._http.transport import RESTResponse
from openmonetize._schema.jsonable import load_json
from openmonetize._schema.resolver import has_model, model_named
from openmonetize.api_response import ApiResponse
from openmonetize.exceptions import ApiException, ApiValueError, UnexpectedBodyError, exception_for_status

T = TypeVar("T")

_ERROR_MODEL = "ErrorResponse"
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)")
_MAX_REASON = 500  # characters


def decode(operation: Operation[T], response: RESTResponse) -> ApiResponse[T]:
    """Decode an answer.

    Raises:
        ApiException: its status is not a success, or its body is not what the operation promises.
    """
    response.read()
    if not 200 <= response.status < 300:
        raise _error(operation, response)  # the body is no local variable here: it may repeat the key
    return _answer(response, _value(operation, response, response.read()))


def required(response: ApiResponse[Any], path: str) -> Any:
    """Return a field of an answer that the caller cannot go on without.

    Args:
        response: the decoded answer.
        path: the names of the fields in Python, such as ``data.id``; a number stands for an item of a list.

    Raises:
        UnexpectedBodyError: the field is missing or null.
    """
    value = response.data
    for name in path.split("."):
        if isinstance(value, list):
            value = value[int(name)] if int(name) < len(value) else None
        else:
            value = getattr(value, name, None)
    if value is None:
        raise unexpected(response, f"has no {path}")
    return value


def unexpected(response: ApiResponse[Any], reason: str) -> UnexpectedBodyError:
    """Return the error for a successful answer whose body cannot be used.

    Args:
        response: the answer.
        reason: what is wrong with it, to follow ``the answer (...)``.
    """
    kind = response.headers.get("Content-Type", "no content type")
    reason = response._redact(f"the answer ({kind}, {len(response.raw_data)} bytes) {reason}")
    return UnexpectedBodyError(
        response.status_code,
        reason[:_MAX_REASON],
        body=response._redact(_text(response.raw_data)),
        headers=redacted(response.headers, response._redact),
        request_id=response._redact(response.request_id or ""),
    )


def _answer(response: RESTResponse, data: Any) -> ApiResponse[Any]:
    return ApiResponse(response.status, response.headers, data, response.read(), response.request_id, response.redact)


def _value(operation: Operation[T], response: RESTResponse, raw: bytes) -> Any:
    answers, status = operation.answers, str(response.status)
    name = answers.get(status)
    if name is None and status not in answers:
        # An undocumented success is read as the documented one.
        name = next((model for code, model in answers.items() if code[0] == "2" and model), None)
    if name == FREE or (name is None and operation.body == FREE):
        return _forwarded(response, raw)
    if name is None:
        _check_empty(response, raw)
        return None
    if name in (TEXT, BYTES):
        return _decoded(response, raw) if name == TEXT else raw
    try:
        return _reader(name).from_json(raw)
    except ApiValueError:
        raise _unexpected(response, f"is not the expected {name}: {_complaint(name, response, raw)}") from None


def _reader(name: str) -> Any:
    """Return what reads an answer: a model, or the reader of a list, a map or a single value."""
    if has_model(name):
        return model_named(name)
    from openmonetize._schema.values import values_of  # late: no operation of the contract needs it

    return values_of(name)


def _complaint(name: str, response: RESTResponse, raw: bytes) -> str:
    """Say what is wrong with a body: with its redacted text, as the message may quote a part of it."""
    try:
        _reader(name).from_json(response.redact(_text(raw)))
    except ApiValueError as error:
        return str(error)
    return "it cannot be read"


def _check_empty(response: RESTResponse, raw: bytes) -> None:
    """Check the body of an answer that promises none: JSON is tolerated, the page of another server is not."""
    if raw:
        try:
            load_json(raw)
        except ApiValueError:
            raise _unexpected(response, "is not the platform's") from None


def _forwarded(response: RESTResponse, raw: bytes) -> Any:
    """Decode a forwarded answer by its content type: to JSON, text or bytes."""
    if not raw:
        return None
    kind = response.headers.get("Content-Type", "").lower().partition(";")[0].strip()
    if kind.endswith(("/json", "+json")):
        try:
            return load_json(raw)
        except ApiValueError:
            raise _unexpected(response, "says it is JSON and is not") from None
    if not kind.startswith("text/"):
        return raw
    return _decoded(response, raw)


def _decoded(response: RESTResponse, raw: bytes) -> str:
    charset = _CHARSET.search(response.headers.get("Content-Type", "").lower())
    try:
        return raw.decode(charset[1] if charset else "utf-8", "replace")
    except (LookupError, UnicodeError):  # an unknown encoding, or one that is not for text
        return _text(raw)


def _unexpected(response: RESTResponse, reason: str) -> UnexpectedBodyError:
    return unexpected(_answer(response, None), reason)


def _error(operation: Operation[T], response: RESTResponse) -> ApiException:
    reason, raw = response.reason, response.read()
    if 300 <= response.status < 400:
        location = response.headers.get("Location", "nowhere in particular")
        reason = f"redirected to {location}; redirects are not followed"
    error = response.failure(exception_for_status(response.status), reason, _text(raw))
    answers, status = operation.answers, str(response.status)
    error.data = _error_data(
        answers.get(status) or answers.get(f"{status[0]}XX") or answers.get("default"), error.body or ""
    )
    return error


def _error_data(name: str | None, text: str) -> Any:
    """Parse the body of an error; None where it has no known form, and `body` has to do."""
    if text.lstrip()[:1] != "{":
        return None
    for model in (name or _ERROR_MODEL, _ERROR_MODEL):
        try:
            return model_named(model).from_json(text)
        except ApiValueError:
            pass
    return None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
