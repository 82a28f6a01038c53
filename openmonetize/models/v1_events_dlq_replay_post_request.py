# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsDlqReplayPostRequest."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import RequestModel


class V1EventsDlqReplayPostRequest(RequestModel):
    """Which items of the dead-letter queue to process again."""

    job_ids: Annotated[Optional[List[str]], Field(alias="jobIds")] = None
    """Ids of the items. If left out, everything in the queue (up to 1,000 items) is replayed. Unknown ids are ignored.
    """
