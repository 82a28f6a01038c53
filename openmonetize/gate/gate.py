"""Entitlement checks with a short-lived cache, and a policy for outages."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from concurrent.futures import Future, TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, NamedTuple

from openmonetize._fork import ProcessMark
from openmonetize._http.retry import retry_after
from openmonetize.exceptions import ApiException, ApiKeyError, ApiValueError, BadRequestException
from openmonetize.gate.checks import (
    CheckResult,
    EntitlementDenied,
    OnOutage,
    Question,
    Remedy,
    check_request,
    require_policy,
)
from openmonetize.gate.refresher import Refresher

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

_LOG = logging.getLogger("openmonetize.gate")
_MAX_CACHED_RESULTS = 10_000
_REFRESH_FRACTION = 0.5  # of a result's time in the cache, after which it is refreshed
_MIN_PAUSE_SECONDS = 1.0  # between the requests of an outage
_MAX_PAUSE_SECONDS = 60.0


class _CacheEntry(NamedTuple):
    result: CheckResult
    refresh_at: float
    expires: float


class _Request:
    """A request under way: who it is about, and whether the user's wallet has changed since it was sent."""

    def __init__(self, user_id: str | None) -> None:
        self.user_id = user_id
        self.outdated = False


class _Answer(Future["CheckResult | None"]):
    """What a thread is asking the platform, for other threads with the same question."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.get_ident()


class Gate:
    """Entitlement checks that do not slow a service down. Safe to use from several threads and over forks.

    Args:
        client: sends the checks to the platform.
        cache_seconds: how long a result is cached; after half of that it is refreshed in the background.
        timeout: seconds that one check may take.
    """

    def __init__(self, client: ApiClient, *, cache_seconds: float = 5.0, timeout: float = 3.0) -> None:
        for name, value in (("check_cache_seconds", cache_seconds), ("check_timeout", timeout)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 3600:
                raise ApiValueError(f"{name} must be a number of seconds from 0 to 3600, not {value!r}")
        if not timeout:
            raise ApiValueError("check_timeout must be above 0")
        self._client = client
        self._cache_seconds = cache_seconds
        self._timeout = timeout
        self._start()
        _GATES.add(self)

    def _start(self) -> None:
        self._lock = threading.RLock()  # a signal handler or a finalizer may call within a call
        self._cache: dict[Question, _CacheEntry] = {}
        self._in_flight: dict[Question, _Answer] = {}
        self._requests: list[_Request] = []
        self._failure: str | None = None
        self._paused_until = 0.0
        self._probing = False
        self._refresher: Refresher[Question] = Refresher(self._ask)
        # Last: another thread of a forked child must not see the mark before the new lock.
        self._mark = ProcessMark()

    def check(self, question: Question, on_outage: OnOutage) -> CheckResult:
        """Return whether the user may go ahead.

        Args:
            question: what is asked.
            on_outage: the answer if the platform gives none, or there is no key to ask it with.

        Raises:
            ApiValueError: `on_outage` is no policy.
            BadRequestException: the platform does not understand the question.
        """
        require_policy(on_outage)
        cached = self.cached(question)
        if cached is not None:
            return cached
        result = self._ask_once(question)
        if result is not None:
            return result
        why = f"the platform did not answer ({self._failure or 'it is being asked'}); on_outage={on_outage!r} decided"
        return CheckResult(on_outage == "allow", why, source="outage")

    def require(self, question: Question, on_outage: OnOutage) -> CheckResult:
        """Return the result of a check, or raise if the user may not go ahead.

        Raises:
            EntitlementDenied: the user may not go ahead.
            ApiValueError, BadRequestException: as for :meth:`check`.
        """
        result = self.check(question, on_outage)
        if not result:
            raise EntitlementDenied(result, question)
        return result

    def cached(self, question: Question, *, refresh: bool = True) -> CheckResult | None:
        """Return the cached result, or None. Never waits for the platform.

        Args:
            question: what is asked.
            refresh: have a result that gets old refreshed in the background.
        """
        if self._mark.forked():  # The parent's locks and threads are of no use in a forked child.
            self._start()
        entry = self._cache.get(question)
        now = time.monotonic()
        if entry is None or entry.expires <= now:
            return None
        if refresh and entry.refresh_at <= now:
            self._refresher.submit(question)
        return entry.result._replace(source="cache")

    def ask(self, question: Question) -> CheckResult | None:
        """Return what the platform answers to a request that is sent from now on, or None if it does not answer.

        Raises:
            BadRequestException: the platform does not understand the question.
        """
        if self._mark.forked():
            self._start()
        return self._ask(question)

    def forget(self, user_id: str | None) -> None:
        """Drop the results of a user, whose wallet has changed: those in the cache, and those under way."""
        if self._mark.forked():
            self._start()
        with self._lock:
            for request in self._requests:
                request.outdated |= request.user_id == user_id
            for question in [asked for asked in self._in_flight if asked.user_id == user_id]:
                del self._in_flight[question]
            for question in [cached for cached in self._cache if cached.user_id == user_id]:
                del self._cache[question]

    def close(self) -> None:
        """End the refreshing in the background."""
        self._refresher.close()

    # Asking the platform

    def _ask_once(self, question: Question) -> CheckResult | None:
        """Ask the platform, or wait for a thread that asks the same question already."""
        with self._lock:
            answer = self._in_flight.get(question)
            first = answer is None
            if answer is None:
                answer = self._in_flight[question] = _Answer()
        if answer.thread == threading.get_ident() and not first:
            return self._ask(question)  # a signal handler or a finalizer must not wait for what it has interrupted
        if not first:
            try:
                return answer.result(self._timeout)
            except FutureTimeout:
                return None
        try:
            answer.set_result(self._ask(question))
        except Exception as error:
            answer.set_exception(error)
        finally:
            with self._lock:
                if self._in_flight.get(question) is answer:
                    del self._in_flight[question]
            if not answer.done():
                answer.set_result(None)  # an interrupt of this thread is none of the others'
        return answer.result()

    def _ask(self, question: Question) -> CheckResult | None:
        """Return the platform's answer, or None if there is none. During an outage one thread at a time asks.

        Raises:
            BadRequestException: the platform does not understand the question.
        """
        request = _Request(question.user_id)
        with self._lock:
            failing = self._failure is not None
            if failing and (self._probing or time.monotonic() < self._paused_until):
                return None
            self._probing = failing
            self._requests.append(request)
        try:
            result = self._request(question)
            self._note_success(question, result, request)
            return result
        except (ApiException, ApiKeyError) as error:
            if isinstance(error, BadRequestException) and _is_the_platforms(error):
                raise
            self._note_failure(error)
            return None
        finally:
            with self._lock:
                self._requests.remove(request)
                if failing:
                    self._probing = False

    def _request(self, question: Question) -> CheckResult:
        from openmonetize._http.decoding import required  # late: it brings the transport
        from openmonetize.api.entitlements_api import EntitlementsApi

        api = EntitlementsApi(self._client)
        body, timeout = check_request(question), self._timeout
        response = api.v1_entitlements_check_post_with_http_info(body, _request_timeout=timeout)
        allowed: bool = required(response, "allowed")
        answer = response.data
        return CheckResult(
            allowed,
            answer.reason,
            answer.estimated_cost_credits,
            answer.estimated_cost_usd,
            answer.current_balance,
            tuple(Remedy(action.type, action.label, action.url) for action in answer.actions or ()),
        )

    def _note_success(self, question: Question, result: CheckResult, request: _Request) -> None:
        now = time.monotonic()
        with self._lock:
            if self._failure is not None:
                _LOG.info("the platform answers entitlement checks again")
                self._failure = None
            if self._cache_seconds and not request.outdated:
                self._cache.pop(question, None)  # A dict keeps its order of insertion: the oldest entry goes first.
                refresh_at = now + _REFRESH_FRACTION * self._cache_seconds
                self._cache[question] = _CacheEntry(result, refresh_at, now + self._cache_seconds)
                if len(self._cache) > _MAX_CACHED_RESULTS:
                    del self._cache[next(iter(self._cache))]

    def _note_failure(self, error: ApiException | ApiKeyError) -> None:
        """Note that the platform gave no answer, and when it is asked again."""
        status, why, server_wait = None, str(error), None
        if isinstance(error, ApiException):
            status, server_wait = error.status, retry_after(error.headers)
            why = f"HTTP {status}" if status is not None else str(error.reason)
        pause = min(max(_MIN_PAUSE_SECONDS, server_wait or 0.0), _MAX_PAUSE_SECONDS)
        with self._lock:
            first = self._failure is None
            self._failure = why
            self._paused_until = time.monotonic() + pause
        if first:
            # A 4xx other than 429 does not end by itself: the key or the request is wrong.
            permanent = isinstance(error, ApiKeyError) or (status is not None and 400 <= status < 500 and status != 429)
            level = logging.ERROR if permanent else logging.WARNING
            _LOG.log(level, "no entitlement checks: %s; on_outage decides until it is over", error)


_GATES: weakref.WeakSet[Gate] = weakref.WeakSet()


def forget_all() -> None:
    """Have all gates of the process forget what they remember, for tests."""
    for gate in list(_GATES):
        gate._start()


def _is_the_platforms(error: BadRequestException) -> bool:
    """Return whether a refusal has the platform's form, and not that of a proxy or a firewall."""
    texts = [getattr(error.data, name, None) for name in ("error", "message")]
    return all(isinstance(text, str) and text for text in texts)
