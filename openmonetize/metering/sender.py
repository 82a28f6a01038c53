"""The background thread: when to deliver. What to send and what answers mean is `Delivery`'s business."""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import Callable, List, Optional

from openmonetize.metering.buffers.base import Buffer
from openmonetize.metering.delivery import Delivery
from openmonetize.metering.errors import OutboxError
from openmonetize.metering.incidents import Incident, Incidents

_LOG = logging.getLogger("openmonetize.metering")
_NEVER = sys.maxsize
#: How often a sender without work looks again: events set aside, or left by a process that died.
IDLE_SECONDS = 30.0
_KEY_WATCH_SECONDS = 1.0  # how often a refused account looks whether its key was changed
MAINTENANCE_INTERVAL = 2.0
_LATE_SECONDS = 0.5  # what an event recorded after the last flush of the process gets at least


class Sender:
    """Delivers what a buffer holds, in a thread of its own that is started when there is something to do.

    Args:
        delivery: sends one batch at a time.
        buffer: what is delivered.
        incidents: whom to tell about trouble with the buffer.
        flush_interval: the longest that an event waits for company, in seconds.
        flush_at: this many waiting events are sent at once.
        keep_running: do not end the thread when idle: other processes may leave work in a shared buffer.
        prepare: called on the caller's thread before the thread starts; imports all that it needs.
        before_step: called before each request.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        delivery: Delivery,
        buffer: Buffer,
        incidents: Incidents,
        *,
        flush_interval: float,
        flush_at: int,
        keep_running: bool,
        prepare: Callable[[], None],
        before_step: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._delivery = delivery
        self._buffer = buffer
        self._incidents = incidents
        self._flush_interval = flush_interval
        self._flush_at = flush_at
        self._keep_running = keep_running
        self._prepare = prepare
        self._before_step = before_step
        self._clock = clock
        self._reset()

    def _reset(self) -> None:
        #: The recorder calls `wake` when this many events wait; until then the thread need not know.
        self.wake_at = 1
        self._start_lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None
        self._wake = threading.Event()
        self._progress = threading.Condition()
        self._flushes: List[object] = []
        self._stopping = False
        self._may_start = True
        self._late_until: Optional[float] = None
        self._maintained_at = 0.0

    # The callers' side

    def wake(self) -> None:
        """There is something to do."""
        if not self._rouse() and self._late_until is not None:
            self.wake_at = 1
            if not self.flush(max(_LATE_SECONDS, self._late_until - self._clock())):
                self._incidents.tell(Incident("left", "a usage event recorded at exit was not delivered", events=1))

    def _rouse(self) -> bool:
        self.wake_at = _NEVER
        if self._thread is None:  # a new thread looks for itself what there is to do
            return self._start()
        self._wake.set()
        return True

    def _start(self) -> bool:
        with self._start_lock:
            if self._thread is not None:
                return True
            if self._stopping or not self._may_start:
                return False
            self._prepare()
            thread = threading.Thread(target=self._run, name="openmonetize-sender", daemon=True)
            self._thread = thread
            try:
                thread.start()
            except RuntimeError:  # the interpreter is shutting down: whoever flushes does the work
                self._thread = None
                self._may_start = False
        return self._thread is not None

    def flush(self, timeout: float) -> bool:
        """Deliver everything put so far. Returns whether that was done in ``timeout`` seconds.

        Gives up early where nothing can happen in time: the account is refused, or the server asked to wait.
        """
        deadline = self._clock() + timeout
        mark = self._buffer.watermark()
        if self._buffer.is_past(mark):
            return True
        attempts = self._delivery.attempts
        self._delivery.clear_delays()
        ticket = object()
        self._flushes.append(ticket)
        try:
            self._rouse()
            while not self._buffer.is_past(mark):
                if self._hopeless(attempts, deadline):
                    return False
                if self._thread is None:
                    self._drive(deadline)
                else:
                    with self._progress:
                        self._progress.wait(min(0.05, max(0.0, deadline - self._clock())))
            return True
        finally:
            self._flushes.remove(ticket)

    def _hopeless(self, attempts: int, deadline: float) -> bool:
        if self._clock() >= deadline or self._delivery.next_at(urgent=True) > deadline:
            return True
        return self._delivery.parked and self._delivery.attempts > attempts

    def _drive(self, deadline: float) -> None:
        """Do the thread's work where there can be no thread."""
        wait = self._delivery.next_at(urgent=True) - self._clock()
        if wait > 0:
            time.sleep(min(wait, max(0.0, deadline - self._clock())))
        elif not self._step(urgent=True):
            time.sleep(min(0.01, max(0.0, deadline - self._clock())))

    def retire(self, until: float) -> bool:
        """The interpreter is about to end: what is recorded from now on is delivered by the caller's own thread.

        Args:
            until: monotonic time until which that may take.

        Returns:
            Whether the thread has ended.
        """
        ended = self.stop(until - self._clock())
        self._late_until = until
        self.wake_at = 1
        return ended

    def stop(self, timeout: float) -> bool:
        """End the thread after the request that is under way, which closes the buffer if there was a thread.

        Returns:
            Whether that was done in ``timeout`` seconds.
        """
        self._stopping = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, timeout))
        return self._thread is None

    def after_fork(self) -> None:
        """In a child: the thread stayed in the parent."""
        self._delivery.after_fork()
        self._reset()

    # The thread's side

    def _run(self) -> None:
        if self._buffer.new_count():
            self._gather()
        while not self._stopping:
            try:
                if self._drain():
                    self._gather()
                elif not self._idle():
                    return
            except Exception:  # nothing may end the thread while there are events
                _LOG.exception("unexpected error in the sender of usage events; it goes on")
                self._wake.wait(1.0)
        self._buffer.close()  # not by `stop`, which may not have waited for the last request
        self._thread = None

    def _drain(self) -> bool:
        """Send until less than a full request waits. Returns False where nothing waited at all."""
        found = False
        while not self._stopping:
            urgent = bool(self._flushes)
            wait = self._delivery.next_at(urgent) - self._clock()
            if wait > 0:
                self._sleep(wait)
                continue
            taken = self._step(urgent)
            if not taken:
                return found
            found = True
            if taken < self._flush_at and not self._flushes:
                return True
        return found

    def _sleep(self, wait: float) -> None:
        """Sit out a wait; a flush or a stop ends it early, new events do not."""
        self._maintain()
        self.wake_at = _NEVER
        self._wake.clear()
        if not self._stopping:
            self._wake.wait(min(wait, _KEY_WATCH_SECONDS if self._delivery.parked else wait))

    def _gather(self) -> None:
        """Let events come together before the next request."""
        self._maintain()
        self._wake.clear()
        self.wake_at = self._flush_at
        if self._buffer.new_count() < self._flush_at and not self._flushes and not self._stopping:
            self._wake.wait(self._flush_interval)

    def _idle(self) -> bool:
        """Wait for the first event. Returns False where the thread may end."""
        self._maintain()
        self._wake.clear()
        self.wake_at = 1
        if self._buffer.new_count() or self._flushes or self._stopping:
            self.wake_at = _NEVER
            if self._flushes:
                self._wake.wait(0.01)  # others hold what the flush waits for
            return True
        if self._wake.wait(IDLE_SECONDS):
            if not self._flushes and not self._stopping:
                self._gather()
            return True
        return self._keep_running or not self._ended()

    def _ended(self) -> bool:
        """End the thread, unless something came in meanwhile."""
        with self._start_lock:
            self.wake_at = 1
            if self._buffer.stats().pending or self._flushes:
                return False
            thread, self._thread = self._thread, None
            if self._buffer.new_count():  # put before it could see that the thread has gone
                self._thread = thread
            return self._thread is None

    def _step(self, urgent: bool) -> int:
        taken = 0
        try:
            self._before_step()
            if not self._stopping or threading.current_thread() is not self._thread:  # it may have taken long
                taken = self._delivery.step(urgent)
        except OutboxError as error:
            self._incidents.outbox(error)
            self._wake.wait(0.5)
        finally:
            with self._progress:
                self._progress.notify_all()
        return taken

    def _maintain(self) -> None:
        now = self._clock()
        if now - self._maintained_at >= MAINTENANCE_INTERVAL:
            self._maintained_at = now
            try:
                self._buffer.maintain()
            except OutboxError as error:
                self._incidents.outbox(error)
