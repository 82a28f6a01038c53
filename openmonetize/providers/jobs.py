"""Jobs of OpenAI and Anthropic whose usage is told when they have ended, and how to look at one.

A job is a batch, a background response, a video or a fine-tuning job.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from openmonetize._arguments import described
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.providers.later_usage import OBJECTS, Reading, moment, usage_of_line
from openmonetize.providers.libraries import library_of
from openmonetize.providers.proxy import Proxy
from openmonetize.providers.response_fields import get, text
from openmonetize.providers.usage import Usage, UsageError

BATCH, MESSAGE_BATCH = "batch", "message_batch"

# How the ids of each kind begin.
_PREFIXES: Mapping[str, str] = {
    "batch_": BATCH,
    "msgbatch_": MESSAGE_BATCH,
    "resp_": "response",
    "video_": "video",
    "ftjob-": "fine_tuning.job",
}
_BATCH_ENDS = ("completed", "failed", "expired", "cancelled")

MAX_ID_LENGTH = 256  # characters


class JobName(NamedTuple):
    """A job, as its provider names it.

    Attributes:
        library: the library whose clients know it.
        kind: the ``object`` of OpenAI's answers, or ``message_batch``.
        id: the provider's id.
    """

    library: str
    kind: str
    id: str


class Line(NamedTuple):
    """What one of a job's answers says.

    Attributes:
        usage: what it used; None for one that failed, and costs nothing.
        custom_id: the caller's own name of it in a batch.
        error: why its usage cannot be read.
    """

    usage: Usage | None
    custom_id: str | None = None
    error: Exception | None = None


class Look(NamedTuple):
    """What a provider says of a job.

    Attributes:
        status: in the provider's words.
        ended: whether it says no more later.
        at: when it ended.
        lines: yields what was used, which may make requests; empty as long as it has not ended.
    """

    status: str
    ended: bool = False
    at: datetime | None = None
    lines: Iterator[Line] = iter(())


def job_named(job: Any) -> JobName:
    """Return the name of a job.

    Args:
        job: the provider's object, a dictionary, or the id.

    Raises:
        ApiTypeError, ApiValueError: it is not one of the jobs that are known here.
    """
    identifier = job if isinstance(job, str) else text(job, "id")
    if not identifier or len(identifier) > MAX_ID_LENGTH:
        raise ApiTypeError(
            f"a job is a batch, a background response, a video or a fine-tuning job, or the id of one, "
            f"not {described(job)}"
        )
    kind = None if isinstance(job, str) else get(job, "object") or get(job, "type")
    if kind is None:
        kind = next((kind for prefix, kind in _PREFIXES.items() if identifier.startswith(prefix)), None)
    if kind not in (BATCH, MESSAGE_BATCH, *OBJECTS):
        raise ApiValueError(f"{identifier!r} is not a batch, a background response, a video or a fine-tuning job")
    return JobName("anthropic" if kind == MESSAGE_BATCH else "openai", kind, identifier)


def job_client(client: Any, library: str | None = None) -> tuple[Any, str, str]:
    """Return the client to look with, its library, and its server: host and port.

    Args:
        client: a synchronous client of openai or anthropic; of a wrapped one, the original is returned.
        library: the one that is needed; by default either.

    Raises:
        ApiTypeError: it is another client.
    """
    if isinstance(client, Proxy):
        client = client._proxied
    known = library_of(client)
    wanted = (library,) if library else ("openai", "anthropic")
    if known not in wanted or isinstance(client, type) or not hasattr(client, "base_url"):
        raise ApiTypeError(f"client must be a client of {' or '.join(wanted)}, not {described(client)}")
    if hasattr(type(client), "__aenter__"):
        raise ApiTypeError(f"jobs are followed on a thread: pass a synchronous client, not {type(client).__qualname__}")
    return (client, *server_of(client))


def server_of(client: Any) -> tuple[str, str]:
    """Return the library of a client, synchronous or not, and its server: host and port."""
    return library_of(client), urlsplit(str(client.base_url)).netloc.rpartition("@")[2]


def look(job: JobName, client: Any, how: Reading) -> Look:
    """Ask the provider for a job.

    Raises:
        Exception: what the library raises.
    """
    if job.kind == BATCH:
        return _batch(client.batches.retrieve(job.id), client, how)
    if job.kind == MESSAGE_BATCH:
        return _message_batch(client.messages.batches.retrieve(job.id), client, how)
    kind, answer = OBJECTS[job.kind], _RETRIEVE[job.kind](client, job.id)
    status = text(answer, "status") or ""
    if status not in kind.ends:
        return Look(status)
    return Look(status, True, moment(get(answer, *kind.at)), iter([_line(answer, how, kind.usage_of)]))


_RETRIEVE: Mapping[str, Callable[[Any, str], Any]] = {
    "response": lambda client, identifier: client.responses.retrieve(identifier),
    "video": lambda client, identifier: client.videos.retrieve(identifier),
    "fine_tuning.job": lambda client, identifier: client.fine_tuning.jobs.retrieve(identifier),
}


def _batch(batch: Any, client: Any, how: Reading) -> Look:
    if batch.status not in _BATCH_ENDS:
        return Look(batch.status)
    # An expired or cancelled batch has the answers that it got that far, and they are charged for.
    at = moment(get(batch, "completed_at", "expired_at", "cancelled_at", "failed_at", "created_at"))
    return Look(
        batch.status, True, at, _output(client, batch.output_file_id, how) if batch.output_file_id else iter(())
    )


def _output(client: Any, file_id: str, how: Reading) -> Iterator[Line]:
    with client.files.with_streaming_response.content(file_id) as response:
        for line in response.iter_lines():
            if line.strip():
                yield _line(line, how, usage_of_line)


def _message_batch(batch: Any, client: Any, how: Reading) -> Look:
    if batch.processing_status != "ended":
        return Look(batch.processing_status)
    at = moment(get(batch, "ended_at", "created_at"))
    if batch.results_url is None:
        gone = UsageError("the provider keeps the results of this batch no longer: its usage is not known")
        return Look("archived", True, at, iter([Line(None, error=gone)]))
    return Look("ended", True, at, _results(client, batch.id, how))


def _results(client: Any, batch_id: str, how: Reading) -> Iterator[Line]:
    for result in client.messages.batches.results(batch_id):
        yield _line(result, how, usage_of_line)


def _line(answer: Any, how: Reading, usage_of: Callable[[Any, Reading], Usage | None]) -> Line:
    """Return what an answer says: the library's object, or a line of JSON."""
    custom_id = None
    try:
        if isinstance(answer, str):
            answer = json.loads(answer)
        custom_id = text(answer, "custom_id")
        return Line(usage_of(answer, how), custom_id)
    except (UsageError, ValueError) as error:
        return Line(None, custom_id, error)
