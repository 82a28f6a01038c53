"""One request of encoded events, sent once: the delivery does the retries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from openmonetize.api.events_api import INGEST
from openmonetize.events.ingest import body_of, counted

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize._http.redaction import Secret
    from openmonetize.api_response import ApiResponse


def send_batch(
    client: ApiClient, wires: Sequence[bytes], *, deadline: float | None = None, key: Secret | None = None
) -> ApiResponse[Any]:
    """Send encoded events in one request.

    Args:
        client: its configuration is used, except for the retries.
        wires: the events' bytes; at most MAX_EVENTS, and MAX_BYTES together.
        deadline: total seconds for the request.
        key: the API key to send instead of the client's.

    Raises:
        ApiException: the request failed, or its answer does not say what became of the events.
    """
    options: Any = {} if deadline is None else {"_request_timeout": deadline}
    if key is not None:
        options["_request_auth"] = key
    return counted(client.call(INGEST, {}, body_of(wires), options, attempts=1))
