"""The background thread: it decides when to deliver. What to send and what responses mean is in `Delivery`."""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from openmonetize.metering.buffers.base import Buffer
from openmonetize.metering.delivery import Delivery
from openmonetize.metering.errors import OutboxError
from openmonetize.metering.incidents import Incident, Incidents

_LOG = logging.getLogger("openmonetize.metering")
_NEVER = sys.maxsize
# Seconds after which a thread without work looks for events set aside or left by a process that ended, and may end.
IDLE_TIMEOUT = 30.0
_MIN_IDLE_TIMEOUT = 0.05  # the same, if something else is to be done before
MAINTENANCE_INTERVAL = 2.0  # seconds between the buffer's housekeeping
_KEY_CHECK_INTERVAL = 1.0  # seconds after which it is checked again whether a refused account has another key
# The waits, of 0.05 s each, of a flush for the callbacks of what it has delivered; one may take longer, and then tells
# of it later.
_CALLBACK_WAITS = 20
_LATE_TIMEOUT = 0.5  # the least seconds for the delivery of an event recorded after the process's last flush


class Wake:
    """Ends another thread's wait. It may be set from signal handlers and finalizers, unlike `threading.Event`.

    `queue.SimpleQueue.put` is documented as reentrant.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        """End the wait of the other thread, or the next one that it begins."""
        if self._queue.empty():
            self._queue.put(None)

    def clear(self) -> None:
        """Forget that it was set."""
        while self.wait(0.0):
            pass

    def wait(self, timeout: float) -> bool:
        """Wait until it is set, or for so many seconds. Return whether it was set, which ends with that."""
        try:
            self._queue.get(timeout > 0.0, timeout)
        except queue.Empty:
            return False
        return True


class Sender:
    """Delivers what a buffer holds, in a thread of its own that is started when there is something to do.

    Args:
        delivery: sends one batch at a time.
        buffer: what is delivered.
        memory: the part of it that ends with the process.
        incidents: reports trouble with the buffer.
        flush_interval: the most seconds that an event waits for others to be sent with it.
        flush_at: this many waiting events are sent at once.
        keep_running: do not end the thread when idle: other processes may leave work in a shared buffer.
        prepare: called on the caller's thread before the thread starts; imports all that it needs.
        before_step: called before each request.
        ready: returns whether `before_step` has found out what is to be delivered.
        poll_interval: seconds after which a thread without work looks for what others have left.
        between: called while nothing is to be delivered, with what says whether that is still so.
        between_due_in: returns in how many seconds it has something to do.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        delivery: Delivery,
        buffer: Buffer,
        memory: Buffer,
        incidents: Incidents,
        *,
        flush_interval: float,
        flush_at: int,
        keep_running: bool,
        prepare: Callable[[], None],
        before_step: Callable[[], None],
        ready: Callable[[], bool],
        poll_interval: float = IDLE_TIMEOUT,
        between: Callable[[Callable[[], bool]], object] = lambda may_go_on: None,
        between_due_in: Callable[[], float] = lambda: IDLE_TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._delivery = delivery
        self._buffer = buffer
        self._memory = memory
        self._incidents = incidents
        self._flush_interval = flush_interval
        self._flush_at = flush_at
        self._keep_running = keep_running
        self._prepare = prepare
        self._before_step = before_step
        self._ready = ready
        self._poll_interval = poll_interval
        self._between = between
        self._between_due_in = between_due_in
        self._clock = clock
        self._reset()

    def _reset(self) -> None:
        # The recorder calls `wake` when this many events wait; the thread need not know of fewer.
        self.wake_at = 1
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = Wake()
        self._progress = threading.Condition()
        self._flushes: list[object] = []
        self._stopping = False
        self._abandoned = False
        self._may_start = True
        self._late_until: float | None = None
        self._maintained_at = 0.0

    # Called by the recorder's callers

    def wake(self) -> None:
        """Have the waiting events delivered; start the thread if there is none."""
        if not self._wake_thread() and self._late_until is not None:
            self.wake_at = 1
            if not self.flush(max(_LATE_TIMEOUT, self._late_until - self._clock())):
                self._incidents.report(Incident("left", "a usage event recorded at exit was not delivered", events=1))

    def _wake_thread(self) -> bool:
        self.wake_at = _NEVER
        if self._thread is None:  # a new thread looks for itself what there is to do
            return self._start()
        self._wake.set()
        return True

    def _start(self) -> bool:
        if not self._start_lock.acquire(blocking=False):
            return True  # another caller is at it, or this very thread, which a signal or a finalizer has interrupted
        try:
            if self._thread is not None:
                return True
            if self._stopping or not self._may_start:
                return False
            self._prepare()
            thread = threading.Thread(target=self._run, name="openmonetize-sender", daemon=True)
            self._thread = thread
            try:
                thread.start()
            except RuntimeError:  # the interpreter is shutting down: the thread that flushes does the work
                self._thread = None
                self._may_start = False
        finally:
            self._start_lock.release()
        return self._thread is not None

    def flush(self, timeout: float) -> bool:
        """Deliver everything put so far. Return whether that was done in ``timeout`` seconds.

        Gives up early if nothing can happen in time: the account is refused, the server asked to wait, or a callback of
        the delivery calls, which would wait for itself.
        """
        deadline = self._clock() + timeout
        watermark: Any = None

        def is_done() -> bool:
            nonlocal watermark
            if watermark is None and self._ready():
                watermark = self._buffer.watermark()
            return watermark is not None and self._buffer.is_past(watermark)

        if self.is_calling():
            return is_done()
        if is_done():
            self._let_settle(deadline)
            return True
        parkings: int | None = None  # until a request that was under way has its answer, which says nothing of now
        waited = 0.0
        ticket = object()
        self._flushes.append(ticket)
        try:
            self._wake_thread()
            while not is_done():
                if parkings is None and not self._delivery.is_sending():
                    parkings = self._delivery.parkings
                    self._delivery.clear_delays()
                    self._wake_thread()
                if self._clock() >= deadline or (parkings is not None and self._is_hopeless(parkings, deadline)):
                    return False
                if self._thread is None:
                    self._deliver_here(deadline)
                else:
                    with self._progress:
                        waited += 0.0 if self._progress.wait(min(0.05, max(0.0, deadline - self._clock()))) else 0.05
                    if waited > timeout + 0.05:  # by a clock that tests have stopped
                        return False
            self._let_settle(deadline)
            return True
        finally:
            self._flushes.remove(ticket)

    def _let_settle(self, deadline: float) -> None:
        """Let the delivery count what it has delivered, and tell of it."""
        for _ in range(_CALLBACK_WAITS):
            if not self._delivery.is_settling() or self._clock() >= deadline:
                return
            with self._progress:
                self._progress.wait(min(0.05, max(0.0, deadline - self._clock())))

    def is_calling(self) -> bool:
        """Return whether the caller is the delivery itself: a callback, a finalizer or a signal handler within it."""
        return threading.current_thread() is self._thread or self._delivery.is_calling()

    def _is_hopeless(self, parkings: int, deadline: float) -> bool:
        if self._delivery.next_at(urgent=True) > deadline:
            return True
        return self._delivery.parked and self._delivery.parkings > parkings

    def _deliver_here(self, deadline: float) -> None:
        """Do the thread's work on the caller's, if there can be no thread."""
        wait = self._delivery.next_at(urgent=True) - self._clock()
        if wait > 0:
            time.sleep(min(wait, max(0.0, deadline - self._clock())))
        elif not self._step(urgent=True):
            time.sleep(min(0.01, max(0.0, deadline - self._clock())))

    def retire(self, until: float) -> bool:
        """End the thread because the interpreter ends: the caller's own thread delivers what is recorded from now on.

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
        """End the thread after the request under way; it closes the buffer at its end.

        Returns:
            Whether there is no thread any more after ``timeout`` seconds.
        """
        self._stopping = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, timeout))
        return self._thread is None

    def abandon(self) -> None:
        """End the thread, which then closes the buffer, as soon as nothing is left that would end with it."""
        self._abandoned = True
        self._wake.set()

    def after_fork(self) -> None:
        """Start anew, in a child process: the thread stayed in the parent."""
        self._delivery.after_fork()
        self._reset()

    # Run by the thread

    def _run(self) -> None:
        more = self._buffer.new_count() > 0
        while not self._stopping:
            try:
                if more:
                    self._wait_for_more()
                more = self._drain()
                if not more and not self._idle():
                    return
            except Exception:  # nothing may end the thread while there are events
                _LOG.exception("unexpected error in the sender of usage events; it goes on")
                self._wake.wait(1.0)
        self._buffer.close()  # not in `stop`, which may not have waited for the last request
        self._thread = None

    def _drain(self) -> bool:
        """Send until less than a full request waits. Return False if nothing waited at all."""
        found = False
        while not self._stopping:
            urgent = bool(self._flushes)
            wait = self._delivery.next_at(urgent) - self._clock()
            if wait > 0:
                self._stop_if_abandoned()
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
        """Wait before the next request; a flush or a stop ends that early, new events do not."""
        self._maintain()
        self.wake_at = _NEVER
        self._wake.clear()
        if not self._stopping:
            self._wake.wait(min(wait, _KEY_CHECK_INTERVAL if self._delivery.parked else wait))

    def _wait_for_more(self) -> None:
        """Let events come together before the next request."""
        until = self._clock() + self._flush_interval
        while True:
            self._maintain()
            self._between(lambda: self._clock() < until and not self._is_hurried())
            self._wake.clear()
            self.wake_at = self._flush_at
            left = until - self._clock()
            if left <= 0.0 or self._is_hurried():
                return
            if self._wake.wait(min(left, MAINTENANCE_INTERVAL)):
                return

    def _is_hurried(self) -> bool:
        """Return whether there is something that must not wait."""
        hurried = self._flushes or self._stopping or self._abandoned
        return bool(hurried) or self._buffer.new_count() >= self._flush_at

    def _idle(self) -> bool:
        """Wait for the first event. Return False if the thread may end."""
        self._maintain()
        self._between(lambda: not self._buffer.new_count() and not self._is_hurried())
        self._wake.clear()
        self.wake_at = 1
        if not self._buffer.new_count():  # else an event came in after the thread had looked
            self._stop_if_abandoned()
        if self._buffer.new_count() or self._flushes or self._stopping:
            self.wake_at = _NEVER
            if self._flushes:
                self._wake.wait(0.01)  # another process or a delay holds what the flush waits for
            elif not self._stopping:
                self._wait_for_more()
            return True
        if self._wake.wait(min(self._poll_interval, max(_MIN_IDLE_TIMEOUT, self._between_due_in()))):
            if not self._flushes and not self._stopping:
                self._wait_for_more()
            return True
        return self._keep_running or not self._end_thread()

    def _stop_if_abandoned(self) -> None:
        """End the thread if nobody can record any more, and nothing would be lost with it."""
        if self._abandoned and not self._memory.has_pending():
            self._stopping = True

    def _end_thread(self) -> bool:
        """Give up the thread, unless events came in meanwhile. Return whether it was given up."""
        with self._start_lock:
            self.wake_at = 1
            if self._buffer.has_pending() or self._flushes:
                return False
            thread, self._thread = self._thread, None
            if self._buffer.new_count():  # put before the caller could see that the thread has gone
                self._thread = thread
            return self._thread is None

    def _step(self, urgent: bool) -> int:
        taken = 0
        try:
            self._before_step()
            if not self._stopping or threading.current_thread() is not self._thread:  # it may have taken long
                taken = self._delivery.step(urgent)
        except OutboxError as error:
            self._incidents.outbox_failed(error)
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
                self._incidents.outbox_failed(error)
