# Generated from openapi.yaml by `make generate`; do not edit.
"""EventsApi: Usage events, from their arrival to the dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, List, Mapping, Optional, Union

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import Operation, Parameter, RequestOptions
from openmonetize._http.paging import Progress, Rows
from openmonetize.events.ingest import ingest, ingest_raw
from openmonetize.events.result import IngestResult

if TYPE_CHECKING:
    from openmonetize.api_response import ApiResponse
    from openmonetize.events.model import EventModel
    from openmonetize.models.v1_events_dlq_get200_response import V1EventsDlqGet200Response
    from openmonetize.models.v1_events_dlq_replay_post200_response import V1EventsDlqReplayPost200Response
    from openmonetize.models.v1_events_dlq_replay_post_request import V1EventsDlqReplayPostRequest
    from openmonetize.models.v1_events_info_get200_response import V1EventsInfoGet200Response
    from openmonetize.models.v1_events_list_get200_response import V1EventsListGet200Response
    from openmonetize.models.v1_events_list_get200_response_data_inner import V1EventsListGet200ResponseDataInner
    from openmonetize.rest import RESTResponse


INGEST: Operation[IngestResult] = Operation(
    "POST",
    "/v1/events/ingest",
    {"200": "IngestEvents200Response", "202": "IngestEvents202Response"},
    (),
    body="V1EventsIngestPostRequest",
    auth="both",
    retry="always",
)
V1_EVENTS_DLQ_GET: Operation[V1EventsDlqGet200Response] = Operation(
    "GET", "/v1/events/dlq", {"200": "V1EventsDlqGet200Response"}, (), auth="both"
)
V1_EVENTS_DLQ_REPLAY_POST: Operation[V1EventsDlqReplayPost200Response] = Operation(
    "POST",
    "/v1/events/dlq/replay",
    {"200": "V1EventsDlqReplayPost200Response"},
    (),
    body="V1EventsDlqReplayPostRequest",
    auth="both",
)
V1_EVENTS_INFO_GET: Operation[V1EventsInfoGet200Response] = Operation(
    "GET", "/v1/events/info", {"200": "V1EventsInfoGet200Response"}, (), auth="both"
)
V1_EVENTS_LIST_GET: Operation[V1EventsListGet200Response] = Operation(
    "GET",
    "/v1/events",
    {"200": "V1EventsListGet200Response"},
    (
        Parameter("limit", "limit", "query", "int", minimum=1, maximum=100),
        Parameter("offset", "offset", "query", "int", minimum=0),
    ),
    auth="both",
)


class EventsApi(BaseApi):
    """Usage events, from their arrival to the dead letters."""

    @api_method
    def ingest(
        self, events: Iterable[Union[EventModel, Mapping[str, Any]]], **_options: Unpack[RequestOptions]
    ) -> IngestResult:
        """Send usage events.

        Queues 1 to 1,000 events for billing. The client splits longer lists into batches of at most 1,000 events and
        under 1 MiB of JSON, for a larger body is refused with 413. One invalid event fails its whole request with 400
        and nothing of it is queued.

        An accepted event is not a billed event: it is priced in the background, and one that cannot be processed ends
        in the dead-letter queue minutes later. Repeats are safe as long as `event_id` and `idempotency_key` stay the
        same.

        Two limits apply: requests per minute (100 at the gateway by default, 429 above it) and events per calendar
        month on present deployments (10,000 on STARTER, 100,000 on GROWTH). Above the monthly quota the answer is 402,
        whose `details` hold `currentUsage`, `limit` and `period`; waiting does not help before the month ends or the
        plan changes. Every attempt that passes validation counts, duplicates and retries included; the response header
        `X-Monthly-Quota-Remaining` tells what is left.

        Served by seed-era and present deployments.

        Args:
            events: The events: models, or dicts with ``event_type``. Any iterable.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            What happened to the events, summed up over all requests.

        Raises:
            ApiException: The call failed, 400, 401, 402, 403, 413, 415, 429, 500.
        """
        return ingest(self.api_client, INGEST, events, _options).data

    @api_method
    def ingest_with_http_info(
        self, events: Iterable[Union[EventModel, Mapping[str, Any]]], **_options: Unpack[RequestOptions]
    ) -> ApiResponse[IngestResult]:
        """:meth:`ingest`, with status and headers of the last request."""
        return ingest(self.api_client, INGEST, events, _options)

    @api_method
    def ingest_without_preload_content(
        self, events: Iterable[Union[EventModel, Mapping[str, Any]]], **_options: Unpack[RequestOptions]
    ) -> RESTResponse:
        """:meth:`ingest` in exactly one request, as its raw answer."""
        return ingest_raw(self.api_client, INGEST, events, _options)

    @api_method
    def v1_events_dlq_get(self, **_options: Unpack[RequestOptions]) -> V1EventsDlqGet200Response:
        """Look into the dead-letter queue.

        Events that were accepted and could not be processed, at most 100 of them. An event arrives here 5 to 9 minutes
        after it was sent; until then nothing shows that it failed. The queue is not divided by customer: it shows
        everybody's events, so filter by `data.customer_id`. Seed-era deployments forward it as well. Counts as one
        event against the monthly quota; above it the answer is 402.

        Served by present deployments, outside the published contract.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The queue.

        Raises:
            ApiException: The call failed, 401, 402, 429, 500.
        """
        return self._call(V1_EVENTS_DLQ_GET, _options)

    v1_events_dlq_get_with_http_info = with_http_info(v1_events_dlq_get)
    v1_events_dlq_get_without_preload_content = without_preload_content(v1_events_dlq_get)

    @api_method
    def v1_events_dlq_replay_post(
        self,
        v1_events_dlq_replay_post_request: Union[V1EventsDlqReplayPostRequest, Mapping[str, Any], None] = None,
        *,
        job_ids: Optional[List[str]] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1EventsDlqReplayPost200Response:
        """Process dead-letter items again.

        Puts items of the dead-letter queue back into processing. Name them in `jobIds`: with an empty object everything
        is replayed, other customers' events included, up to 1,000. A body is needed in any case. Seed-era deployments
        forward it as well. Counts as one event against the monthly quota; above it the answer is 402.

        Served by present deployments, outside the published contract.

        Args:
            v1_events_dlq_replay_post_request: The whole body, instead of its fields.
            job_ids: Ids of the items. If left out, everything in the queue (up to 1,000 items) is replayed. Unknown ids
                are ignored.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: What was replayed; unknown ids are ignored.

        Raises:
            ApiException: The call failed, 400, 401, 402, 413, 415, 429, 500.
        """
        return self._call(
            V1_EVENTS_DLQ_REPLAY_POST, _options, {}, v1_events_dlq_replay_post_request, {"job_ids": job_ids}
        )

    v1_events_dlq_replay_post_with_http_info = with_http_info(v1_events_dlq_replay_post)
    v1_events_dlq_replay_post_without_preload_content = without_preload_content(v1_events_dlq_replay_post)

    @api_method
    def v1_events_info_get(self, **_options: Unpack[RequestOptions]) -> V1EventsInfoGet200Response:
        """Get the state of the ingestion service.

        Whether the service behind the event routes is ready, and how its database and queue do. Seed-era deployments
        answer 404. Counts as one event against the monthly quota; above it the answer is 402.

        Served by present deployments, outside the published contract.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: State of the service.

        Raises:
            ApiException: The call failed, 401, 402, 404, 429, 500.
        """
        return self._call(V1_EVENTS_INFO_GET, _options)

    v1_events_info_get_with_http_info = with_http_info(v1_events_info_get)
    v1_events_info_get_without_preload_content = without_preload_content(v1_events_info_get)

    @api_method
    def v1_events_list_get(
        self, limit: Optional[int] = None, offset: Optional[int] = None, **_options: Unpack[RequestOptions]
    ) -> V1EventsListGet200Response:
        """List stored usage events.

        Events that have been processed, with their cost, newest first by the time of use. An event shows up shortly
        after it was accepted (usually well within a second, later behind a large batch), so poll rather than sleep.
        Does not count against the monthly quota.

        Served by present deployments, outside the published contract.

        Args:
            limit: Most rows to return, 1 to 100; 50 if left out.
            offset: Rows to skip, from 0; 0 if left out.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: A page of events, newest first.

        Raises:
            ApiException: The call failed, 400, 401, 429, 500.
        """
        return self._call(V1_EVENTS_LIST_GET, _options, {"limit": limit, "offset": offset})

    v1_events_list_get_with_http_info = with_http_info(v1_events_list_get)
    v1_events_list_get_without_preload_content = without_preload_content(v1_events_list_get)

    @api_method
    def iter_list(
        self, *, page_size: int = 100, progress: Optional[Progress] = None, **_options: Unpack[RequestOptions]
    ) -> Rows[V1EventsListGet200ResponseDataInner]:
        """Return an iterator over the rows of all pages of :meth:`list`, newest first.

        A row comes once, and none is left out while others are added: those are newer than the first one, and not read.

        Args:
            page_size: Rows to ask for at a time, 1 to 100.
            progress: Called after each page with the rows read so far, and the rows there were at the beginning; True
                for a progress bar, which tqdm draws.
            **_options: See :class:`~openmonetize.RequestOptions`; they apply to each page.

        Raises:
            ApiException: A page could not be read. The rows before it have been yielded.
        """
        return self._rows(
            self.iter_list,
            _options,
            lambda limit, offset: self.v1_events_list_get(limit=limit, offset=offset, **_options),
            page_size,
            progress,
            largest=100,
            key="id",
            total="pagination.total",
            row="V1EventsListGet200ResponseDataInner",
        )

    dlq = v1_events_dlq_get
    replay_dlq = v1_events_dlq_replay_post
    info = v1_events_info_get
    list = v1_events_list_get
