"""Asking whether a user may go ahead: entitlement checks with a short memory, and a policy for outages."""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import Future, TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Dict, NamedTuple, Optional

from openmonetize._http.decoding import required
from openmonetize._http.retry import retry_after
from openmonetize.exceptions import ApiException, ApiValueError, BadRequestException
from openmonetize.gate.checks import CheckResult, OnOutage, Question, Remedy, request
from openmonetize.gate.refresher import Refresher

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

_LOG = logging.getLogger("openmonetize.gate")
_MOST_REMEMBERED = 10_000
_REFRESH_AFTER = 0.5  # of the time that an answer is remembered
_PAUSE = 1.0  # seconds without questions after a failed one


class _Entry(NamedTuple):
    result: CheckResult
    refresh_at: float
    expires: float


class Gate:
    """Entitlement checks that do not slow a service down. Safe to use from several threads and over forks.

    Args:
        client: asks the platform.
        seconds: how long an answer is remembered; from half of that on it is refreshed in the background.
        timeout: seconds that one check may take.
    """

    def __init__(self, client: ApiClient, *, seconds: float = 5.0, timeout: float = 3.0) -> None:
        for name, value in (("check_cache_seconds", seconds), ("check_timeout", timeout)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 3600:
                raise ApiValueError(f"{name} must be a number of seconds from 0 to 3600, not {value!r}")
        if not timeout:
            raise ApiValueError("check_timeout must be above 0")
        self._client = client
        self._seconds = seconds
        self._timeout = timeout
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._entries: Dict[Question, _Entry] = {}
        self._asking: Dict[Question, Future[Optional[CheckResult]]] = {}
        self._failing: Optional[str] = None
        self._silent_until = 0.0
        self._probing = False
        self._refresher: Refresher[Question] = Refresher(self._ask)

    def check(self, question: Question, on_outage: OnOutage) -> CheckResult:
        """Whether the user may go ahead.

        Args:
            question: what is asked.
            on_outage: what is answered where the platform does not.

        Raises:
            BadRequestException: the platform does not understand the question.
        """
        known = self.remembered(question)
        if known is not None:
            return known
        result = self._shared(question)
        if result is not None:
            return result
        why = f"the platform did not answer ({self._failing or 'it is being asked'}); on_outage={on_outage!r} decided"
        return CheckResult(on_outage == "allow", why, source="outage")

    def remembered(self, question: Question) -> Optional[CheckResult]:
        """The answer of a moment ago, or None. Never waits."""
        if self._pid != os.getpid():  # locks and threads of the parent mean nothing here
            self._start()
        entry = self._entries.get(question)
        now = time.monotonic()
        if entry is None or entry.expires <= now:
            return None
        if entry.refresh_at <= now:
            self._refresher.ask(question)
        return entry.result._replace(source="cache")

    def forget(self, user_id: Optional[str]) -> None:
        """The user's wallet has changed: ask anew."""
        if self._pid != os.getpid():
            self._start()
        with self._lock:
            for question in [known for known in self._entries if known.user_id == user_id]:
                del self._entries[question]

    def close(self) -> None:
        """End the refreshing in the background."""
        self._refresher.close()

    # Asking the platform

    def _shared(self, question: Question) -> Optional[CheckResult]:
        """Ask, or wait for who is asking the same."""
        with self._lock:
            future = self._asking.get(question)
            mine = future is None
            if future is None:
                future = self._asking[question] = Future()
        if not mine:
            try:
                return future.result(self._timeout)
            except FutureTimeout:
                return None
        try:
            result = self._ask(question)
            future.set_result(result)
            return result
        except BaseException as error:
            future.set_exception(error)
            raise
        finally:
            with self._lock:
                self._asking.pop(question, None)

    def _ask(self, question: Question) -> Optional[CheckResult]:
        """The platform's answer, or None where it gives none. While it gives none, one caller at a time asks."""
        with self._lock:
            failing = self._failing is not None
            if failing and (self._probing or time.monotonic() < self._silent_until):
                return None
            self._probing = failing
        try:
            return self._answered(question)
        except BadRequestException:
            raise
        except ApiException as error:
            self._failed(error)
            return None
        finally:
            if failing:
                self._probing = False

    def _answered(self, question: Question) -> CheckResult:
        from openmonetize.api.entitlements_api import EntitlementsApi

        api = EntitlementsApi(self._client)
        response = api.v1_entitlements_check_post_with_http_info(request(question), _request_timeout=self._timeout)
        allowed: bool = required(response, "allowed")
        answer = response.data
        result = CheckResult(
            allowed,
            answer.reason,
            answer.estimated_cost_credits,
            answer.estimated_cost_usd,
            answer.current_balance,
            tuple(Remedy(action.type, action.label, action.url) for action in answer.actions or ()),
        )
        now = time.monotonic()
        with self._lock:
            if self._failing is not None:
                _LOG.info("the platform answers entitlement checks again")
                self._failing = None
            if self._seconds:
                self._entries.pop(question, None)  # the newest last
                self._entries[question] = _Entry(result, now + _REFRESH_AFTER * self._seconds, now + self._seconds)
                if len(self._entries) > _MOST_REMEMBERED:
                    del self._entries[next(iter(self._entries))]
        return result

    def _failed(self, error: ApiException) -> None:
        wait = retry_after(error.headers) or 0.0
        cause = f"HTTP {error.status}" if error.status is not None else str(error.reason)
        with self._lock:
            first = self._failing is None
            self._failing = cause
            self._silent_until = time.monotonic() + min(max(_PAUSE, wait), 60.0)
        ours = error.status is not None and 400 <= error.status < 500 and error.status != 429
        if first:
            level = logging.ERROR if ours else logging.WARNING
            _LOG.log(level, "no entitlement checks: %s; on_outage decides until it is over", error)
