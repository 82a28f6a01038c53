"""Documents of a fleet, in Redis."""

from __future__ import annotations

from typing import Any

from openmonetize._http.redaction import Secret
from openmonetize._stores.documents import STORE_TIMEOUT, DocumentStore, StoreError, Written
from openmonetize.exceptions import ApiValueError, MissingExtraError

_PREFIX = "openmonetize:"
# Write a document if it still is what it was; an empty text stands for none. Scripts run atomically:
# https://redis.io/docs/latest/develop/programmability/eval-intro/
_SWAP = """
local present = redis.call('GET', KEYS[1]) or ''
if present ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
return 1
"""


class RedisDocuments(DocumentStore):
    """Keeps documents under keys that begin with ``openmonetize:``, with the server's clock.

    Redis must keep what it has (``maxmemory-policy noeviction``): what it evicts, or loses in a restart without a file,
    is forgotten. Version 6.2 or later.

    Args:
        url: the server, such as ``redis://:password@host:6379/0``, ``rediss://...`` or ``unix://path``.
        purpose: what the documents are, for messages.

    Raises:
        MissingExtraError: redis is not installed.
        ApiValueError: the URL cannot be used.
    """

    def __init__(self, url: str | Secret, purpose: str) -> None:
        hidden, url = Secret(url), ""  # it may have a password, which no frame shows
        super().__init__()
        self._purpose = purpose
        try:
            import redis
        except ModuleNotFoundError:
            raise MissingExtraError(f"for {purpose} in Redis: pip install 'openmonetize[redis]'") from None
        self._error: type[Exception] = redis.RedisError
        self._client = _client_of(hidden)
        if self._client is None:
            raise ApiValueError(f"the URL of the {purpose} in Redis cannot be used")
        self._swap = self._client.register_script(_SWAP)

    def load(self, name: str) -> tuple[str | None, float]:
        """Return a document and the server's time."""
        try:
            # No local variable has the pipeline: in older versions its text shows the password.
            document, (seconds, microseconds) = self._client.pipeline(False).get(_PREFIX + name).time().execute()
        except (self._error, OSError) as error:
            raise self._failure(error) from error.with_traceback(None)
        return document, seconds + microseconds / 1e6

    def swap(self, name: str, old: str | None, new: Written) -> bool:
        """Write a document if it still is what it was."""
        try:
            return bool(self._swap(keys=[_PREFIX + name], args=[old or "", new.document, int(new.expires) + 1]))
        except (self._error, OSError) as error:
            raise self._failure(error) from error.with_traceback(None)

    def close(self) -> None:
        """Close the connections."""
        try:
            self._client.close()
        except (self._error, OSError):
            pass  # it is of no use any more

    def _failure(self, error: Exception) -> StoreError:
        return StoreError(f"the {self._purpose} in Redis cannot be used: {error}")


def _client_of(url: Secret) -> Any:
    """Return a client; None if the URL cannot be used. What this frame has shows the password, so it raises nothing."""
    import redis

    try:
        # The client takes up anew after a fork by itself, and has a pool of connections.
        client = redis.Redis.from_url(
            url.value, decode_responses=True, socket_timeout=STORE_TIMEOUT, socket_connect_timeout=STORE_TIMEOUT
        )
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # refuses unknown options, and connects with its first use
    except (ValueError, TypeError, redis.RedisError):
        return None
    return client
