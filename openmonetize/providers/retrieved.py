"""What a wrapped client retrieves of jobs that have ended: their usage is recorded, once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from openmonetize.providers.later_usage import BACKGROUND, OBJECTS, Reading, usage_of_line
from openmonetize.providers.metered_call import MeteredCall
from openmonetize.providers.metering import Metering
from openmonetize.providers.response_fields import get, text
from openmonetize.providers.usage import Usage, UsageError

# Where jobs are retrieved, below the base URL or the host.
_PATHS: Mapping[str, re.Pattern[str]] = {
    "openai": re.compile(r"(?:.*/)?(responses|videos|batches|files|fine_tuning/jobs)/([^/]+)(/content)?"),
    "anthropic": re.compile(r"(?:.*/)?(messages/batches)/([^/]+)(/results)"),
}
_OF_OBJECTS = {"responses": "response", "videos": "video", "fine_tuning/jobs": "fine_tuning.job"}

MIN_JUDGED = 256  # bytes by which it is clear whether a file has the results of a batch
_LINE_BEGINS = b'"custom_id"'

MAX_REMEMBERED = 10_000  # ids of what was retrieved by one wrapped client


class Retrieval(NamedTuple):
    """What is retrieved.

    Attributes:
        kind: the path before the id.
        id: of the job or the file.
    """

    kind: str
    id: str

    @property
    def has_lines(self) -> bool:
        """Whether it is a file, which may have the results of a batch."""
        return self.kind in ("files", "messages/batches")


def retrieval(library: str, url: Any) -> Retrieval | None:
    """Return what a request retrieves, if that may tell usage."""
    pattern = _PATHS.get(library)
    found = pattern.fullmatch(urlsplit(str(url)).path) if pattern is not None else None
    if found is None or bool(found[3]) != (found[1] in ("files", "messages/batches")):
        return None
    return Retrieval(found[1], found[2])


class RetrievedCall(MeteredCall):
    """The metering of one retrieval. Nothing is told of what has no usage, or not yet.

    Args:
        metering: the settings of the client.
        what: what is retrieved.
        options: see `MeteredCall`.
    """

    def __init__(self, metering: Metering, what: Retrieval, **options: Any) -> None:
        super().__init__(metering, {}, **options)
        self._what = what

    def settle(self, response: Any) -> Any:
        """Return the response as it is."""
        return response

    def keeps(self, piece: bytes) -> bool:
        """Return whether to keep a body that begins so: files may be anything, and large."""
        return not self._what.has_lines or len(piece) < MIN_JUDGED or _LINE_BEGINS in piece[: 4 * MIN_JUDGED]

    def record(self, response: Any) -> None:
        """Record the usage in a body, unless it was recorded before or is recorded by whoever follows the job."""
        metering, what = self.metering, self._what
        try:
            job_id = metering.batch_of.get(what.id, "") if what.kind == "files" else what.id
            if what in metering.retrieved or (job_id and what.kind != "batches" and metering.follows(job_id)):
                return
            if what.has_lines:
                if not self.keeps(response):
                    return
                found = list(self._lines(response))
            else:
                found = list(self._objects(response))
            for usage in found:
                metering.record(usage, self.began)
            if found and len(metering.retrieved) < MAX_REMEMBERED:
                metering.retrieved.add(what)
        except Exception as error:
            metering.report(error)

    def end(self) -> None:
        """Record a background response whose stream was read to its end."""
        meter = self.meter
        if meter is None or not meter.finished or self._what.kind != "responses":
            return
        try:
            usage = meter.usage()
        except UsageError:
            return
        if usage.later_id and not self.metering.follows(self._what.id):
            self.metering.record(usage, self.began)

    def _objects(self, body: bytes) -> Iterator[Usage]:
        answer = json.loads(body)
        if self._what.kind == "batches":
            output = text(answer, "output_file_id")
            if output is not None and len(self.metering.batch_of) < MAX_REMEMBERED:
                self.metering.batch_of[output] = self._what.id
            return
        name = _OF_OBJECTS[self._what.kind]
        kind = OBJECTS[name]
        # A response that was not made in the background has told its usage when it was made.
        if get(answer, "status") not in kind.ends or (name == "response" and not get(answer, BACKGROUND)):
            return
        usage = kind.usage_of(answer, self._reading())
        if usage is not None:
            yield usage

    def _lines(self, body: bytes) -> Iterator[Usage]:
        how = self._reading()
        for line in body.splitlines():
            try:
                answer = json.loads(line)
            except ValueError:
                continue  # not the results of a batch
            if get(answer, "custom_id") is None:
                continue
            try:
                usage = usage_of_line(answer, how)
            except UsageError as error:
                # The requests of a batch, which are in a file too, have no answers.
                if get(answer, "response", "result") is not None:
                    self.metering.report(error)
                continue
            if usage is not None:
                yield usage

    def _reading(self) -> Reading:
        metering = self.metering
        return Reading(metering.host(), metering.provider, metering.billed_model({}), metering.token_policy)
