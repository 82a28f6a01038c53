# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsIngestPostRequest."""

from __future__ import annotations

from typing import List

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import RequestModel
from openmonetize.models.usage_event import UsageEvent


class V1EventsIngestPostRequest(RequestModel):
    """A batch of usage events."""

    events: Annotated[List[UsageEvent], Field(min_length=1, max_length=1000)]
    """The events, 1 to 1,000, of any mix of kinds. The JSON body as a whole must stay under 1 MiB."""
