"""The transport: bytes out, bytes in, over urllib3 and nothing else.

One pool per client and host. No redirects, no hidden retries, a total deadline, a bounded answer; every failure
leaves as an :class:`~openmonetize.exceptions.ApiException`.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple
from urllib.parse import urlsplit

import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.exceptions import (
    TimeoutError as PoolTimeoutError,
)

from openmonetize.configuration import Configuration
from openmonetize.exceptions import (
    ApiConnectionError,
    ApiException,
    ApiTimeoutError,
    ApiValueError,
    UnexpectedBodyError,
)

_READ_SIZE = 65536


class RESTResponse:
    """An answer: status and headers at once, the body when it is asked for.

    Attributes:
        status: the HTTP status.
        reason: the reason phrase.
        headers: case-insensitive headers.
        request_id: the id the request carries in the server's log.
    """

    def __init__(self, response: Any, deadline: float, limit: int, request_id: Optional[str]) -> None:
        self._response = response
        self._deadline = deadline
        self._limit = limit
        self._data: Optional[bytes] = None
        self.status: int = response.status
        self.reason: str = response.reason or ""
        self.headers: Mapping[str, str] = response.headers
        self.request_id: Optional[str] = response.headers.get("x-request-id") or request_id

    @property
    def data(self) -> bytes:
        """The whole body; read once, then kept."""
        return self.read()

    def read(self) -> bytes:
        """Read the whole body, decompressed.

        Raises:
            UnexpectedBodyError: it is larger than the limit, or cannot be decompressed.
            ApiTimeoutError: the call's deadline ran out.
            ApiConnectionError: the connection broke.
        """
        if self._data is None:
            first = None
            chunks = []
            for chunk in self.stream():
                if first is None:
                    first = chunk
                else:
                    chunks.append(chunk)
            self._data = b"".join((first or b"", *chunks)) if chunks else first or b""
        return self._data

    def stream(self) -> Iterator[bytes]:
        """Read the body piece by piece; raises as :meth:`read` does."""
        response, size = self._response, 0
        try:
            while True:
                chunk = response.read1(_READ_SIZE)
                if not chunk:
                    break
                size += len(chunk)
                if size > self._limit:
                    raise self._failed(UnexpectedBodyError, f"the answer is larger than {self._limit} bytes")
                yield chunk
                if response.length_remaining == 0:
                    break
                self._bound_next_read()
            # An empty read that ends the message gives the connection back to the pool.
            response.read1(1)
        except ReadTimeoutError:
            raise self._failed(ApiTimeoutError, "timed out while reading the answer") from None
        except DecodeError:
            raise self._failed(UnexpectedBodyError, "the answer cannot be decompressed") from None
        except (HTTPError, OSError, ValueError) as error:
            raise self._failed(
                ApiConnectionError, f"the connection broke while reading the answer ({type(error).__name__})"
            ) from None
        except ApiException:
            response.close()
            raise
        finally:
            response.release_conn()

    def _bound_next_read(self) -> None:
        """A server that drips bytes must not outlive the deadline: each further read may take what is left of it."""
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise self._failed(ApiTimeoutError, "the call's deadline ran out while reading the answer")
        connection = self._response.connection
        sock = getattr(connection, "sock", None)
        if sock is not None and (sock.gettimeout() or remaining) > remaining:
            sock.settimeout(remaining)

    def _failed(self, kind: type, reason: str) -> ApiException:
        self._response.close()
        error: ApiException = kind(
            self.status if kind is UnexpectedBodyError else None,
            reason,
            headers=self.headers,
            request_id=self.request_id,
        )
        return error

    def getheaders(self) -> Mapping[str, str]:
        """All headers."""
        return self.headers

    def getheader(self, name: str, default: Optional[str] = None) -> Optional[str]:
        """One header, whatever its case."""
        return self.headers.get(name, default)

    def close(self) -> None:
        """Give the connection up without reading the rest."""
        self._response.close()
        self._response.release_conn()


class RESTClient:
    """Sends requests to one host (or to the few that ``_host_index`` names) through pooled connections."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._lock = threading.Lock()
        self._pools: Dict[str, Tuple[Any, str]] = {}
        self._pid = os.getpid()

    def request(
        self,
        method: str,
        host: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: Optional[bytes],
        deadline: float,
        connect_timeout: float,
        read_timeout: float,
        fresh: bool = False,
        request_id: Optional[str] = None,
    ) -> RESTResponse:
        """Send one request, once.

        Args:
            method: the verb.
            host: base URL.
            target: path and query, quoted.
            headers: all headers to send.
            body: the body's bytes.
            deadline: when the call must have ended, on the monotonic clock.
            connect_timeout: seconds.
            read_timeout: seconds between bytes.
            fresh: use a connection of its own. A kept connection may have been closed by the server in this very
                moment, and a request that must not be repeated cannot be sent again to find out.
            request_id: for the error's text.

        Raises:
            ApiConnectionError, ApiTimeoutError: no answer.
        """
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise ApiTimeoutError(None, "the call's deadline ran out", request_id=request_id)
        if self._pid != os.getpid():  # a forked child must not write to its parent's sockets
            self._pools, self._pid = {}, os.getpid()
        pool, prefix = self._new_pool(host, 1) if fresh else (self._pools.get(host) or self._pool(host))
        opened = pool.num_connections
        timeout = urllib3.Timeout(
            connect=min(connect_timeout, remaining), read=min(read_timeout, remaining), total=None
        )
        try:
            response = pool.urlopen(
                method,
                prefix + target,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=timeout,
                preload_content=False,
                assert_same_host=False,
            )
        except (ConnectTimeoutError, ReadTimeoutError, PoolTimeoutError) as error:
            if isinstance(error, NewConnectionError):
                raise _unreachable(host, error, request_id) from None
            what = "connecting to" if isinstance(error, ConnectTimeoutError) else "waiting for an answer of"
            raise ApiTimeoutError(None, f"timed out {what} {host}", request_id=request_id) from None
        except (HTTPError, OSError) as error:
            if not fresh and opened and pool.num_connections == opened and isinstance(error, ProtocolError):
                # The server had closed the kept connection: that is no failure of this request.
                return self.request(
                    method,
                    host,
                    target,
                    headers=headers,
                    body=body,
                    deadline=deadline,
                    connect_timeout=connect_timeout,
                    read_timeout=read_timeout,
                    fresh=True,
                    request_id=request_id,
                )
            raise _unreachable(host, error, request_id) from None
        return RESTResponse(response, deadline, self._configuration.max_response_bytes, request_id)

    def close(self) -> None:
        """Close every connection; the next request opens new ones."""
        with self._lock:
            pools, self._pools = self._pools, {}
        if self._pid == os.getpid():
            for pool, _ in pools.values():
                pool.close()

    def _pool(self, host: str) -> Tuple[Any, str]:
        with self._lock:
            found = self._pools.get(host)
            if found is None:
                found = self._pools[host] = self._new_pool(host, self._configuration.connection_pool_maxsize)
            return found

    def _new_pool(self, host: str, maxsize: int) -> Tuple[Any, str]:
        """A pool for ``host``, and what its request targets start with."""
        settings = self._configuration
        parts = urlsplit(host)
        tls: Dict[str, Any] = {}
        if parts.scheme == "https":
            tls = {
                "cert_reqs": "CERT_REQUIRED" if settings.verify_ssl else "CERT_NONE",
                "ca_certs": settings.ssl_ca_cert,
                "cert_file": settings.cert_file,
                "key_file": settings.key_file,
                "assert_hostname": settings.assert_hostname,
            }
            tls = {name: value for name, value in tls.items() if value is not None}
        if settings.proxy:
            try:
                manager = urllib3.ProxyManager(
                    settings.proxy, maxsize=maxsize, proxy_headers=settings.proxy_headers, **tls
                )
                pool: Any = manager.connection_from_url(host)
            except (LocationValueError, HTTPError):
                raise ApiValueError("proxy must be a URL such as 'http://proxy.example:3128'") from None
            prefix = host if parts.scheme == "http" else parts.path
            return pool, prefix
        kind = HTTPSConnectionPool if parts.scheme == "https" else HTTPConnectionPool
        return kind(parts.hostname or "", parts.port, maxsize=maxsize, **tls), parts.path


def _unreachable(host: str, error: Exception, request_id: Optional[str]) -> ApiConnectionError:
    if isinstance(error, SSLError):
        reason = f"no trusted TLS connection to {host}: {type(error).__name__}"
    elif isinstance(error, NewConnectionError):
        reason = f"cannot connect to {host}"
    else:
        reason = f"the connection to {host} broke ({type(error).__name__})"
    return ApiConnectionError(None, reason, request_id=request_id)
