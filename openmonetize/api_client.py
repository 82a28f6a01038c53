"""Carries out operations: one request built, sent with the retry engine, its answer decoded, or one clear error."""

from __future__ import annotations

import binascii
import json
import logging
import os
import platform
import time
from dataclasses import replace
from typing import Any, ClassVar, Dict, Mapping, Optional, Tuple, TypeVar, cast

from openmonetize._version import __version__
from openmonetize.api_response import ApiResponse
from openmonetize.configuration import Configuration
from openmonetize.exceptions import (
    ApiConnectionError,
    ApiException,
    ApiKeyError,
    ApiTimeoutError,
    ApiTypeError,
    ApiValueError,
    UnexpectedBodyError,
    exception_for_status,
)
from openmonetize.operation import Operation, RequestOptions
from openmonetize.rest import RESTClient, RESTResponse
from openmonetize.retry import RETRYABLE_STATUSES, retry_after

T = TypeVar("T")

_LOG = logging.getLogger("openmonetize")
_JSON = "application/json"
_OPTIONS = frozenset(RequestOptions.__annotations__)
_ERROR_MODEL = "ErrorResponse"


class ApiClient:
    """Shared by the API classes: holds the configuration and the connection pool.

    Safe to use from several threads, and after a fork.

    Args:
        configuration: settings; by default a copy of the default configuration.
        header_name: a header to send with every request.
        header_value: its value.
    """

    _default: ClassVar[Optional[ApiClient]] = None

    def __init__(
        self,
        configuration: Optional[Configuration] = None,
        header_name: Optional[str] = None,
        header_value: Optional[str] = None,
    ) -> None:
        self.configuration = Configuration.get_default_copy() if configuration is None else configuration
        self.rest_client = RESTClient(self.configuration)
        self.default_headers: Dict[str, str] = {}
        self.user_agent = (
            f"openmonetize-python/{__version__} python/{platform.python_version()} ({platform.system().lower()})"
        )
        if header_name is not None:
            self.set_default_header(header_name, header_value or "")

    @property
    def user_agent(self) -> str:
        """What the ``User-Agent`` header says."""
        return self.default_headers["User-Agent"]

    @user_agent.setter
    def user_agent(self, value: str) -> None:
        self.set_default_header("User-Agent", value)

    def set_default_header(self, header_name: str, header_value: str) -> None:
        """Send a header with every request.

        Raises:
            ApiValueError: the name or the value cannot be a header.
        """
        self.default_headers.update(_headers({header_name: header_value}))

    @classmethod
    def get_default(cls) -> ApiClient:
        """The client that API classes use when they are given none."""
        if cls._default is None:
            cls._default = cls()
        return cls._default

    @classmethod
    def set_default(cls, default: Optional[ApiClient]) -> None:
        """Make ``default`` the client that API classes use when they are given none."""
        cls._default = default

    def close(self) -> None:
        """Close the connections. The client can still be used; it then opens new ones."""
        self.rest_client.close()

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def call(
        self,
        operation: Operation[T],
        values: Mapping[str, Any],
        body: Any,
        options: RequestOptions,
        attempts: Optional[int] = None,
    ) -> ApiResponse[T]:
        """Send an operation and decode its answer.

        Args:
            operation: what to send.
            values: path and query arguments by name.
            body: a model, anything JSON can say, or bytes.
            options: per-call options.
            attempts: how often to send at the most, where the policy allows more.

        Raises:
            ApiException: the call failed; see the subclasses.
            ApiTypeError, ApiValueError, ApiKeyError: the caller's fault; nothing was sent.
        """
        response = self.send(operation, values, body, options, attempts)
        status, raw = response.status, response.read()
        if not 200 <= status < 300:
            raise self._error(operation, response, raw)
        data = cast(T, self._decode(operation, response, raw))
        return ApiResponse(status, response.headers, data, raw)

    def send(
        self,
        operation: Operation[T],
        values: Mapping[str, Any],
        body: Any,
        options: RequestOptions,
        attempts: Optional[int] = None,
    ) -> RESTResponse:
        """Send an operation, with retries where it is safe; the answer's body is still unread.

        Raises as :meth:`call`, except that an answer with an error status is returned.
        """
        unknown = set(options) - _OPTIONS
        if unknown:
            raise ApiTypeError(_unknown_argument(unknown.pop(), operation))
        settings = self.configuration
        target = operation.target(values)
        host_index = options.get("_host_index")
        host = settings.host if host_index is None else settings.get_host_from_settings(host_index)
        headers = self._request_headers(operation, options)
        content = _content(body, options.get("_content_type"), headers)
        total, connect, read = self._timeouts(options)
        deadline = time.monotonic() + total
        repeatable = self._repeatable(operation, body)
        policy, attempt = settings.retries, 0
        if attempts is not None:
            policy = replace(policy, attempts=min(attempts, policy.attempts))
        while True:
            attempt += 1
            try:
                response = self.rest_client.request(
                    operation.method,
                    host,
                    target,
                    headers=headers,
                    body=content,
                    deadline=deadline,
                    connect_timeout=connect,
                    read_timeout=read,
                    fresh=not repeatable,
                    request_id=headers["X-Request-Id"],
                )
            except (ApiConnectionError, ApiTimeoutError) as error:
                wait = policy.next_delay(attempt, remaining=deadline - time.monotonic()) if repeatable else None
                if wait is None:
                    raise
                _LOG.debug("%s %s: %s; retrying in %.2f s", operation.method, target, error.reason, wait)
            else:
                if settings.debug:
                    _LOG.debug("%s %s%s -> %s", operation.method, host, target, response.status)
                if not repeatable or response.status not in RETRYABLE_STATUSES:
                    return response
                wait = policy.next_delay(
                    attempt, retry_after=retry_after(response.headers), remaining=deadline - time.monotonic()
                )
                if wait is None:
                    return response
                response.close()
                _LOG.debug("%s %s: %s; retrying in %.2f s", operation.method, target, response.status, wait)
            time.sleep(wait)

    def call_api(
        self,
        method: str,
        path: str,
        query: Optional[Mapping[str, Any]] = None,
        body: Any = None,
        **options: Any,
    ) -> RESTResponse:
        """Call a path that the contract does not name, with the key, pool and retries of this client.

        Args:
            method: the verb.
            path: the path, from ``/v1`` on, quoted where it must be.
            query: query parameters.
            body: anything JSON can say, or bytes.
            options: as for every operation.
        """
        from openmonetize.operation import Parameter

        operation: Operation[Any] = Operation(
            method.upper(), path, {}, (Parameter("query", "", "map"),), "Any", auth="both"
        )
        return self.send(operation, {"query": query}, body, cast(RequestOptions, options))

    def _request_headers(self, operation: Operation[T], options: RequestOptions) -> Dict[str, str]:
        headers = dict(self.default_headers)
        headers["Accept"] = "*/*" if operation.body == "Any" else _JSON
        headers["X-Request-Id"] = binascii.hexlify(os.urandom(16)).decode()
        if operation.auth != "none":
            key = options.get("_request_auth")
            key = self.configuration.key() if key is None else self._override(key)
            headers["Authorization"] = f"Bearer {key}"
            if operation.auth == "both":
                headers["X-API-Key"] = key
        extra = options.get("_headers")
        if extra:
            headers.update(_headers(extra))
        return headers

    def _override(self, key: Any) -> str:
        """A key given for one call is held to the same rules as the configured one."""
        if isinstance(key, Mapping):  # the generator's convention: {"value": key, ...}
            key = key.get("value")
        if not isinstance(key, str) or not key:
            raise ApiKeyError("_request_auth must be an API key")
        settings = self.configuration
        return Configuration(settings.host, {"bearerAuth": key}, allow_http=settings.allow_http).key()

    def _timeouts(self, options: RequestOptions) -> Tuple[float, float, float]:
        settings = self.configuration
        given = options.get("_request_timeout")
        if given is None:
            return settings.timeout, settings.connect_timeout, settings.read_timeout
        pair = given if isinstance(given, tuple) else (given,)
        if len(pair) > 2 or not all(
            isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds > 0 for seconds in pair
        ):
            raise ApiValueError("_request_timeout must be seconds above 0, or a pair (connect, read) of them")
        if len(pair) == 1:
            return pair[0], settings.connect_timeout, max(settings.read_timeout, pair[0])
        return settings.timeout, pair[0], pair[1]

    @staticmethod
    def _repeatable(operation: Operation[T], body: Any) -> bool:
        if operation.method in ("GET", "HEAD", "OPTIONS") or operation.retry == "always":
            return True
        return operation.retry != "never" and bool(getattr(body, operation.retry, None))

    def _decode(self, operation: Operation[T], response: RESTResponse, raw: bytes) -> Any:
        status = str(response.status)
        answers = operation.answers
        name = answers.get(status)
        if name is None and status not in answers:
            # An undocumented success is read as the documented one.
            name = next((model for code, model in answers.items() if code[0] == "2" and model), None)
        if name is not None:
            return self._model(name, response, raw)
        return None if operation.body != "Any" else _free(response, raw)

    def _model(self, name: str, response: RESTResponse, raw: bytes) -> Any:
        from openmonetize.model import model_named

        try:
            return model_named(name).from_json(raw)
        except ApiValueError as error:
            kind = response.headers.get("Content-Type", "no content type")
            reason = f"the answer ({kind}, {len(raw)} bytes) is not the expected {name}: {error}"
            raise self._failure(UnexpectedBodyError, response, raw, reason[:500]) from None

    def _error(self, operation: Operation[T], response: RESTResponse, raw: bytes) -> ApiException:
        name = operation.answers.get(str(response.status)) or _ERROR_MODEL
        data = None
        if raw[:1] == b"{":
            from openmonetize.model import model_named

            try:
                data = model_named(name).from_json(self._redact(raw.decode("utf-8", "replace")))
            except ApiValueError:
                pass  # no error body that we know: the text itself is kept in `body`
        reason = response.reason
        if 300 <= response.status < 400:
            reason = f"redirected to {response.headers.get('Location')}; redirects are not followed"
        return self._failure(exception_for_status(response.status), response, raw, reason, data)

    def _failure(self, kind: Any, response: RESTResponse, raw: bytes, reason: str, data: Any = None) -> ApiException:
        error: ApiException = kind(
            response.status,
            self._redact(reason),
            body=self._redact(raw.decode("utf-8", "replace")),
            headers=response.headers,
            data=data,
            request_id=response.request_id,
        )
        return error

    def _redact(self, text: str) -> str:
        """A server may echo what it was sent: the key stays out of every error all the same."""
        try:
            return text.replace(self.configuration.key(), "***")
        except ApiKeyError:
            return text


def _content(body: Any, content_type: Optional[str], headers: Dict[str, str]) -> Optional[bytes]:
    """The body's bytes. Without a body no content type is sent: the platform refuses an empty JSON body."""
    if body is None:
        return None
    headers["Content-Type"] = content_type or _JSON
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    if hasattr(body, "to_wire"):
        return cast(bytes, body.to_wire())
    if isinstance(body, str) and content_type and "json" not in content_type:
        return body.encode()
    try:
        return json.dumps(body, allow_nan=False, separators=(",", ":"), default=_jsonable).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ApiValueError(f"body cannot be sent as JSON: {error}") from None


def _jsonable(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return json.loads(value.to_json())
    raise TypeError(f"{type(value).__name__} is not JSON")


def _free(response: RESTResponse, raw: bytes) -> Any:
    """Decode a forwarded answer by its content type: JSON, text or bytes."""
    if not raw:
        return None
    kind = response.headers.get("Content-Type", "").lower()
    if "json" in kind:
        try:
            return json.loads(raw)
        except ValueError:
            raise UnexpectedBodyError(
                response.status,
                "the answer says it is JSON and is not",
                body=raw.decode("utf-8", "replace"),
                headers=response.headers,
                request_id=response.request_id,
            ) from None
    return raw.decode("utf-8", "replace") if kind.startswith("text/") else raw


def _headers(headers: Mapping[str, str]) -> Dict[str, str]:
    """Check headers, without repeating their values: one of them may be a key."""
    for name, value in headers.items():
        if not isinstance(name, str) or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise ApiValueError(f"{name!r} is no header name")
        if not isinstance(value, str) or not value.isascii() or "\r" in value or "\n" in value:
            raise ApiValueError(f"the value of header {name} must be ASCII text without line ends")
    return dict(headers)


def _unknown_argument(name: str, operation: Operation[Any]) -> str:
    import difflib

    known = [parameter.name for parameter in operation.parameters] + sorted(_OPTIONS)
    if operation.body not in (None, "Any"):
        from openmonetize.model import model_named

        known += list(model_named(operation.body or "").model_fields)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f": did you mean {close[0]}?" if close else f"; it takes {', '.join(known)}"
    return f"unknown argument {name!r} for {operation.method} {operation.path}{hint}"
