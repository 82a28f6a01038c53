"""From an answer to what the caller gets: a value of the type that the status stands for, or one clear error."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Optional, TypeVar

from openmonetize._http.operation import FREE, Operation
from openmonetize._http.transport import RESTResponse
from openmonetize._schema.jsonable import load_json
from openmonetize.api_response import ApiResponse
from openmonetize.exceptions import ApiException, ApiValueError, UnexpectedBodyError, exception_for_status

T = TypeVar("T")

_ERROR_MODEL = "ErrorResponse"
_EVENTS = "V1EventsIngestPostRequest"
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)")
_SHOWN = 500  # characters of an explanation


def decode(operation: Operation[T], response: RESTResponse) -> ApiResponse[T]:
    """Read an answer.

    Raises:
        ApiException: its status is no success, or its body is not what the operation promises.
    """
    raw = response.read()
    if not 200 <= response.status < 300:
        raise _error(operation, response, raw)
    return ApiResponse(response.status, response.headers, _value(operation, response, raw), raw)


def _unexpected(response: RESTResponse, reason: str) -> ApiException:
    """The error for a successful answer whose body cannot be used."""
    raw = response.read()
    kind = response.headers.get("Content-Type", "no content type")
    reason = response.redact(f"the answer ({kind}, {len(raw)} bytes) {reason}")
    return response.failure(UnexpectedBodyError, reason[:_SHOWN], _text(raw))


def _value(operation: Operation[T], response: RESTResponse, raw: bytes) -> Any:
    answers, status = operation.answers, str(response.status)
    name = answers.get(status)
    if name is None and status not in answers:
        # An undocumented success is read as the documented one.
        name = next((model for code, model in answers.items() if code[0] == "2" and model), None)
    if name == FREE or (name is None and operation.body == FREE):
        return _free(response, raw)
    if name is None:
        _nothing(response, raw)
        return None
    try:
        value = _model(name).from_json(raw)
    except ApiValueError:
        raise _unexpected(response, f"is not the expected {name}: {_complaint(name, response, raw)}") from None
    if operation.body == _EVENTS and value.accepted is None and value.duplicates is None:
        raise _unexpected(response, "does not say what became of the events")
    return value


def _complaint(name: str, response: RESTResponse, raw: bytes) -> str:
    """What is wrong with a body: said of the redacted text, for the complaint may quote a part of it."""
    try:
        _model(name).from_json(response.redact(_text(raw)))
    except ApiValueError as error:
        return str(error)
    return "it cannot be read"


def _nothing(response: RESTResponse, raw: bytes) -> None:
    """Where no body is promised, JSON is tolerated, but a page of somebody else's is no answer."""
    if raw:
        try:
            load_json(raw)
        except ApiValueError:
            raise _unexpected(response, "is not the platform's") from None


def _free(response: RESTResponse, raw: bytes) -> Any:
    """Decode a forwarded answer by its content type: JSON, text or bytes."""
    if not raw:
        return None
    kind, _, parameters = response.headers.get("Content-Type", "").lower().partition(";")
    kind = kind.strip()
    if kind.endswith(("/json", "+json")):
        try:
            return load_json(raw)
        except ApiValueError:
            raise _unexpected(response, "says it is JSON and is not") from None
    if not kind.startswith("text/"):
        return raw
    charset = _CHARSET.search(parameters)
    try:
        return raw.decode(charset[1] if charset else "utf-8", "replace")
    except (LookupError, UnicodeError):  # an encoding that nobody knows, or none of texts
        return _text(raw)


def _error(operation: Operation[T], response: RESTResponse, raw: bytes) -> ApiException:
    reason = response.reason
    if 300 <= response.status < 400:
        location = response.headers.get("Location", "nowhere in particular")
        reason = f"redirected to {location}; redirects are not followed"
    error = response.failure(exception_for_status(response.status), reason, _text(raw))
    error.data = _error_data(operation.answers.get(str(response.status)), error.body or "")
    return error


def _error_data(name: Optional[str], text: str) -> Any:
    if text.lstrip()[:1] != "{":
        return None
    for model in (name or _ERROR_MODEL, _ERROR_MODEL):
        try:
            return _model(model).from_json(text)
        except ApiValueError:
            pass  # no error body that we know: the text itself is kept in `body`
    return None


@lru_cache(maxsize=None)
def _model(name: str) -> Any:
    from openmonetize._schema.model import model_named  # late: it brings pydantic

    return model_named(name)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
