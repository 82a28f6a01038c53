"""What all calls of one wrapped client share: where usage goes, under which names, and what is told of the rest."""

from __future__ import annotations

import copy
import functools
import inspect
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, Union

from openmonetize.providers.bedrock_models import find_model
from openmonetize.providers.extract import OnPartial
from openmonetize.providers.hosts import host_of
from openmonetize.providers.usage import TokenPolicy, UnderWay, Usage, UsageError

logger = logging.getLogger("openmonetize.providers")

ModelChoice = Union[str, Mapping[str, str], None]

# Paths of work that is done later, and whose usage can be followed.
BACKGROUND_PATH = "/responses in the background"
_LATER = re.compile(rf"/(batches|videos(/\*/remix|/edits|/extensions)?|fine_tuning/jobs)$|{BACKGROUND_PATH}")

MAX_PATHS = 1000  # remembered of each wrapped client; a client of a provider has about a hundred


class UnmeteredCall(UsageError):
    """Calls of a path pass through a wrapped client without being metered.

    Attributes:
        path: the path or method, with a star for each id in it.
        job_id: the id of the job that the call has made, if its usage can be followed.
    """

    def __init__(self, path: str, job_id: str | None = None) -> None:
        later = "om.follow, or with " if _LATER.search(path) else ""
        super().__init__(
            f"calls of {path} are not metered, whatever they cost: record their usage with {later}track_... calls. "
            "Further calls of it are not counted"
        )
        self.path = path
        self.job_id = job_id


class Metering:
    """The settings that all calls of one wrapped client share.

    Args:
        library: the provider library.
        client: its client.
        record: called with each finished call's usage, and when the call began, in monotonic seconds.
        on_partial: see :class:`StreamMeter`.
        provider: bill under this provider instead of the one whose format it is.
        model: bill under this model: one name for all calls, or a mapping from the model asked for to the
            name.
        request_usage: ask for usage in streams where the provider only gives it on request.
        on_unmetered: called with the error for each call that is not metered, instead of logging it.
        token_policy: see :func:`usage_from`.
        followed: returns, by client and id of a job, whether the job's usage is recorded elsewhere.

    Attributes:
        retrieved: what was retrieved later, and recorded.
        batch_of: by file, the batch that it has the results of.
        refuses_usage: by host, whether the server refuses to be asked for usage; not there while that is unknown.
    """

    def __init__(
        self,
        library: str,
        client: Any,
        *,
        record: Callable[[Usage, float], object],
        on_partial: OnPartial = "prompt",
        provider: str | None = None,
        model: ModelChoice = None,
        request_usage: bool = True,
        on_unmetered: Callable[[Exception], object] | None = None,
        token_policy: TokenPolicy | None = None,
        followed: Callable[[Any, str], bool] | None = None,
    ) -> None:
        self._library = library
        self._client = client
        self._record = record
        self.on_partial = on_partial
        self.provider = provider
        self.model = model
        self.request_usage = request_usage
        self.token_policy = token_policy
        self.refuses_usage: dict[str | None, bool] = {}
        self.retrieved: set[object] = set()
        self.batch_of: dict[str, str] = {}
        self._followed = followed
        self._on_unmetered = on_unmetered
        self._failing: set[str] = set()  # kinds of errors in the present incident
        self._passed: set[str] = set()  # paths that were reported as unmetered

    def for_client(self, client: Any) -> Metering:
        """Return the same settings for another client that was made from this one."""
        other = copy.copy(self)
        other._client = client
        return other

    def record(self, usage: Usage, began: float) -> None:
        """Hand over the usage of a call; success ends the present incident, so that the next error is logged again."""
        self._record(usage, began)
        self._failing.clear()

    def follows(self, job_id: str) -> bool:
        """Return whether a job's usage is recorded elsewhere."""
        return self._followed is not None and self._followed(self._client, job_id)

    def report(self, error: Exception) -> None:
        """Report a call that is not metered to ``on_unmetered``, or else to the log.

        Of successive errors of one kind only the first is logged as a warning, the rest for debugging.
        """
        if isinstance(error, UnderWay):
            self.passed(BACKGROUND_PATH, error.job_id)
            return
        if self._on_unmetered is not None:
            try:
                self._on_unmetered(error)
                return
            except Exception as another:
                error = another
        kind = error.path if isinstance(error, UnmeteredCall) else type(error).__name__
        level = logging.DEBUG if kind in self._failing else logging.WARNING
        self._failing.add(kind)
        logger.log(level, "a call of the %s client is not metered: %s: %s", self._library, type(error).__name__, error)

    def passed(self, path: str, made: str | None = None) -> None:
        """Report a path whose calls are not metered, once, and to ``on_unmetered`` each job that was made.

        Args:
            path: of the call.
            made: the id of what it has made.
        """
        job_id = made if _LATER.search(path) else None
        first = path not in self._passed and len(self._passed) < MAX_PATHS
        if first:
            self._passed.add(path)
        if first or (job_id is not None and self._on_unmetered is not None):
            self.report(UnmeteredCall(path, job_id))

    def passing(self, path: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method that reports its path when it has been called without an error."""

        async def awaited(result: Any) -> Any:
            result = await result
            self.passed(path)
            return result

        def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            if inspect.isawaitable(result):
                return awaited(result)
            self.passed(path)
            return result

        return like(method, call)

    def host(self) -> str | None:
        """Return the host that the client talks to now, or None where it cannot be found."""
        return host_of(self._library, self._client)

    def billed_model(self, request: Mapping[str, Any]) -> str | None:
        """Return the model that the user chose to bill a request under, or None to leave it to the response."""
        if self.model is None or isinstance(self.model, str):
            return self.model
        model_id = request.get("modelId")  # of AWS Bedrock
        return self.model.get(request.get("model") or "") if model_id is None else find_model(self.model, model_id)


def like(method: Callable[..., Any], call: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``call`` with the name, documentation and signature of the method that it stands in for."""
    if inspect.iscoroutinefunction(method):

        async def call_async(*args: Any, **kwargs: Any) -> Any:
            return await call(*args, **kwargs)

        return functools.wraps(method)(call_async)
    return functools.wraps(method)(call)
