"""One request of ready events, sent once: the schedule is the delivery's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence

from openmonetize.api.events_api import INGEST
from openmonetize.events.ingest import body_of, counted

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize._http.operation import RequestOptions
    from openmonetize.api_response import ApiResponse


def send_batch(
    client: ApiClient, wire: Sequence[bytes], *, deadline: Optional[float] = None, key: Optional[str] = None
) -> ApiResponse[Any]:
    """Send ready events in one request.

    Args:
        client: whose configuration is used, but for the retries.
        wire: the events' bytes; at most MAX_EVENTS, and MAX_BYTES together.
        deadline: total seconds for the request.
        key: the API key to send instead of the client's.

    Raises:
        ApiException: the request failed, or its answer does not say what became of the events.
    """
    options: RequestOptions = {} if deadline is None else {"_request_timeout": deadline}
    if key is not None:
        options["_request_auth"] = key
    return counted(client.call(INGEST, {}, body_of(wire), options, attempts=1))
