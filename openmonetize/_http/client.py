"""The client: builds the request of an operation, sends it with retries, and decodes the answer."""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, TypeVar, cast

from typing_extensions import Never

from openmonetize._arguments import MISSING, described, explained, explains, missing_argument, refuse, require
from openmonetize._http.configuration import Configuration, seconds
from openmonetize._http.decoding import decode
from openmonetize._http.operation import FREE, Operation, Parameter, RequestOptions, check_options, head_of
from openmonetize._http.redaction import Secret, hide_keys, hide_keys_of
from openmonetize._http.retry import RETRYABLE_STATUSES, retry_after
from openmonetize._http.transport import RESTClient, RESTResponse
from openmonetize._version import __version__
from openmonetize.api_response import ApiResponse
from openmonetize.exceptions import (
    ApiConnectionError,
    ApiKeyError,
    ApiTimeoutError,
    ApiTypeError,
    ApiValueError,
    NotFoundException,
    UnauthorizedException,
    UnexpectedBodyError,
)

T = TypeVar("T")

_LOG = logging.getLogger("openmonetize")
_JSON = "application/json"
# A wrong value would make the server read a part of the body as another request (RFC 9112, section 11.2).
_FRAMING = ("content-length", "transfer-encoding")


class ApiClient:
    """The configuration and the connection pool that the API classes share.

    Safe to use from several threads and after a fork.

    Args:
        configuration: settings; by default a copy of the default configuration.
        header_name: a header to send with every request.
        header_value: its value.
    """

    __module__ = "openmonetize.api_client"

    _default: ClassVar[ApiClient | None] = None

    @explains
    def __init__(
        self,
        configuration: Configuration | None = None,
        header_name: str | None = None,
        header_value: str | None = None,
        *surplus: Never,
        **unknown: Never,
    ) -> None:
        value, header_value = Secret(header_value), None
        excess, surplus = len(surplus), ()
        if excess or unknown:
            refuse(ApiClient.__init__, excess, unknown)
        if configuration is not None and not isinstance(configuration, Configuration):
            given, configuration = Secret(configuration), None  # it may be the key
            raise ApiTypeError(f"configuration must be a Configuration, not {described(given.value)}")
        self.configuration = Configuration.get_default_copy() if configuration is None else configuration
        self.rest_client = RESTClient(self.configuration)
        self.default_headers: dict[str, Any] = {}  # those that carry a key do not show it
        self.user_agent = (
            f"openmonetize-python/{__version__} python/{platform.python_version()} ({platform.system().lower()})"
        )
        if header_name is not None:
            self.set_default_header(header_name, value.value or "")

    @property
    def user_agent(self) -> str:
        """The value of the ``User-Agent`` header."""
        return cast(str, self.default_headers["User-Agent"])

    @user_agent.setter
    def user_agent(self, value: str) -> None:
        self.set_default_header("User-Agent", value)

    @explains
    def set_default_header(self, header_name: str, header_value: str, *surplus: Never, **unknown: Never) -> None:
        """Send a header with every request.

        Raises:
            ApiValueError: the name or the value cannot be a header.
        """
        given, header_value = {header_name: Secret(header_value)}, ""
        excess, surplus = len(surplus), ()
        if excess or unknown:
            refuse(ApiClient.set_default_header, excess, unknown)
        if given[header_name].value is MISSING:
            raise missing_argument(ApiClient.set_default_header, "header_value")
        _merge(self.default_headers, given, "the default header")

    @classmethod
    def get_default(cls) -> ApiClient:
        """Return the client that API classes use when they are given none."""
        if cls._default is None:
            cls._default = cls()
        return cls._default

    @classmethod
    def set_default(cls, default: ApiClient | None) -> None:
        """Make ``default`` the client that API classes use when they are given none."""
        if default is not None:
            require("default", default, ApiClient, "an ApiClient")
        cls._default = default

    def close(self) -> None:
        """Close the connections. The client can still be used, and then opens new ones."""
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
        attempts: int | None = None,
        deadline: float | None = None,
    ) -> ApiResponse[T]:
        """Send an operation and decode its answer.

        Args:
            operation: what to send.
            values: path and query arguments by name.
            body: a model, a JSON value, or bytes.
            options: per-call options.
            attempts: the largest number of times to send, if the retry policy allows more.
            deadline: monotonic time by which the call must end, if that is earlier than its time-out says.

        Raises:
            ApiException: the call failed; see the subclasses.
            ApiTypeError, ApiValueError, ApiKeyError: the caller's fault; nothing was sent.
        """
        response = self.send(operation, values, body, options, attempts, deadline, preload=True)
        try:
            return decode(operation, response)
        except UnauthorizedException as error:
            if operation.auth != "none":
                key = self._key(options)
                error.hint = f"sent to {self._host(options)}: the key {key.ending()} from {key.source}"
            raise
        except (NotFoundException, UnexpectedBodyError) as error:
            if (error.body or "").lstrip()[:1] == "<":
                error.hint = f"a page of another server: is {self._host(options)} the platform's address?"
            raise

    def send(
        self,
        operation: Operation[T],
        values: Mapping[str, Any],
        body: Any,
        options: RequestOptions,
        attempts: int | None = None,
        deadline: float | None = None,
        *,
        preload: bool = False,
    ) -> RESTResponse:
        """Send an operation, with retries where they are safe, and return the answer whatever its status.

        Args:
            operation: what to send.
            values: path and query arguments by name.
            body: a model, a JSON value, or bytes.
            options: per-call options.
            attempts: the largest number of times to send, if the retry policy allows more.
            deadline: monotonic time by which the call must end, if that is earlier than its time-out says.
            preload: read the body as well, so that a connection that breaks while reading is retried too.

        Raises:
            ApiException: no answer was received.
            ApiTypeError, ApiValueError, ApiKeyError: the caller's fault; nothing was sent.
        """
        hide_keys_of(options)
        settings = self.configuration
        target = operation.target(values)
        host = self._host(options)
        headers = self._request_headers(operation, options, values)
        content = _content(body, options.get("_content_type"), headers)
        total, connect, read = self._timeouts(options)
        deadline = min(time.monotonic() + total, float("inf") if deadline is None else deadline)
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
                if preload:
                    response.read()
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

    @explained
    def call_api(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        **options: Any,
    ) -> RESTResponse:
        """Call a path that is not in the contract, with the key, pool and retries of this client.

        Args:
            method: the verb.
            path: the path, starting with ``/v1``, already quoted.
            query: query parameters.
            body: a JSON value, or bytes.
            options: the options of every operation.
        """
        if not isinstance(method, str) or not method.isalpha():
            raise ApiValueError(f"method must be a verb such as 'GET', not {method!r}")
        if not isinstance(path, str) or path[:1] != "/":
            raise ApiValueError(f"path must start with '/', not {path!r}")
        operation: Operation[Any] = Operation(
            method.upper(), path, {}, (Parameter("query", "", "map"),), FREE, auth="both"
        )
        check_options(operation, options)
        return self.send(operation, {"query": query}, body, cast(RequestOptions, options))

    def _request_headers(
        self, operation: Operation[T], options: RequestOptions, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        headers: dict[str, Any] = dict(self.default_headers)
        headers["Accept"] = "*/*" if operation.body == FREE else operation.accept
        headers["X-Request-Id"] = os.urandom(16).hex()
        if operation.auth != "none":
            key = self._key(options)
            headers["Authorization"] = Secret(f"Bearer {key.value}")
            if operation.auth == "both":
                headers["X-API-Key"] = key
        if operation.headers:
            _merge(headers, head_of(operation, values), "the header:")
        extra = options.get("_headers")
        if extra:
            _merge(headers, extra, "_headers:")
        hide_keys(headers)  # the default headers may be set without the method for it
        return headers

    def _host(self, options: RequestOptions) -> str:
        index = options.get("_host_index")
        return self.configuration.host if index is None else self.configuration.get_host_from_settings(index)

    def _key(self, options: RequestOptions) -> Secret:
        """Return the key of a call. One given for this call is checked by the rules for the configured key."""
        settings, key = self.configuration, Secret(options.get("_request_auth"), "_request_auth")
        if key.value is None:
            return settings.secret()
        if isinstance(key.value, Mapping):  # the generator's convention: {"value": key, ...}
            key = Secret(key.value.get("value"), key.source)
        if not isinstance(key.value, str) or not key.value:
            raise ApiKeyError("_request_auth must be an API key")
        checked = Configuration(settings.host, {"bearerAuth": key.value}, allow_http=settings.allow_http).secret()
        return Secret(checked.value, key.source)

    def _timeouts(self, options: RequestOptions) -> tuple[float, float, float]:
        settings = self.configuration
        given = options.get("_request_timeout")
        if given is None:
            return settings.timeout, settings.connect_timeout, settings.read_timeout
        if not isinstance(given, (tuple, list)):
            total = seconds("_request_timeout", given)
            return total, settings.connect_timeout, max(settings.read_timeout, total)
        if len(given) != 2:
            raise ApiValueError("_request_timeout must be seconds in total, or a pair (connect, read) of seconds")
        connect, read = (seconds("_request_timeout", part) for part in given)
        return settings.timeout, connect, read

    @staticmethod
    def _repeatable(operation: Operation[T], body: Any) -> bool:
        if operation.method in ("GET", "HEAD", "OPTIONS") or operation.retry == "always":
            return True
        return operation.retry != "never" and bool(getattr(body, operation.retry, None))


def _content(body: Any, content_type: str | None, headers: dict[str, str]) -> bytes | None:
    """Return the body's bytes. Without a body no content type is sent: the platform refuses an empty JSON body."""
    if body is None:
        return None
    if content_type is None:
        headers["Content-Type"] = _JSON
    else:
        _merge(headers, {"Content-Type": content_type}, "_content_type:")
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    try:
        if hasattr(body, "to_wire"):
            return cast(bytes, body.to_wire())
        if isinstance(body, str) and content_type and "json" not in content_type:
            return body.encode()
        return json.dumps(body, allow_nan=False, separators=(",", ":"), default=_jsonable).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ApiValueError(f"body cannot be sent: {error}") from None


def _jsonable(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return json.loads(value.to_json())
    raise TypeError(f"{type(value).__name__} is not JSON")


def _merge(headers: dict[str, Any], extra: Mapping[str, Any], where: str) -> None:
    """Add headers, regardless of case. Errors do not repeat values, since one of them may be a key."""
    if not isinstance(extra, Mapping):
        raise ApiTypeError(f"{where} must be a dict of headers, not {described(extra)}")
    for name in extra:
        text = Secret(extra[name])
        if not isinstance(name, str) or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise ApiValueError(f"{where} {name!r} is not a header name")
        if name.lower() in _FRAMING:
            raise ApiValueError(f"{where} {name} cannot be set: the transport does it, to mark the end of the request")
        if not isinstance(text.value, str) or not (text.value.isascii() and text.value.isprintable()):
            raise ApiValueError(f"{where} the value of {name} must be printable ASCII text, without line ends")
        present = name if name in headers else next((own for own in headers if own.lower() == name.lower()), name)
        headers[present] = text.value
    hide_keys(headers)
