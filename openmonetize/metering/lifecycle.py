"""Exit, fork and signals: what has to happen to the recorders of a process around them."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
import weakref
from types import FrameType
from typing import Any, Protocol

from openmonetize._fork import ProcessMark


class Watched(Protocol):
    """What the hooks call: what a recorder delivers with."""

    def flush_at_exit(self, started: float) -> None:
        """Deliver what is left; ``started`` is the monotonic time at which the process began to end."""

    def after_fork(self) -> None:
        """Go on in a forked child."""

    def start_over(self) -> None:
        """Forget what is in memory."""


_watched: weakref.WeakSet[Watched] = weakref.WeakSet()
_hooked = False
_finalizers: ProcessMark | None = None  # the process that has set them


def watch(recorder: Watched) -> None:
    """Flush a recorder at exit and keep it right over forks. The first recorder sets the hooks."""
    global _hooked
    _watched.add(recorder)
    if not _hooked:
        _hooked = True
        atexit.register(_flush_all)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_after_fork)


def import_all() -> None:
    """Import and build what delivering needs, on the caller's thread, before the first thread is started.

    A fork while another thread imports a module or builds a model would hang the child.
    """
    import encodings.idna  # noqa: F401  # socket imports it late

    from openmonetize._schema.resolver import model_named
    from openmonetize.api.events_api import INGEST
    from openmonetize.models.usage_event import UsageEvent

    for name in (*UsageEvent.members.values(), *INGEST.answers.values(), "ErrorResponse"):
        if name:
            model_named(name).model_rebuild()
    flush_in_workers()


def flush_in_workers() -> None:
    """Flush at the end of workers of multiprocessing and Celery too.

    They leave without running atexit, but do run their own finalizers and signals.
    """
    global _finalizers
    if _finalizers is not None and not _finalizers.forked():
        return
    _finalizers = ProcessMark()
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:
        multiprocessing.Finalize(None, _flush_all, exitpriority=10)
    celery = sys.modules.get("celery.signals")
    if celery is not None:
        celery.worker_process_shutdown.connect(_on_celery_shutdown, weak=False)


def exit_on_sigterm() -> None:
    """Turn SIGTERM into a normal exit, so that the flush at exit runs, unless it has a handler already.

    Works in the main thread only, as Python's signal handlers do.
    """
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _exit)


def start_over() -> None:
    """Have all recorders of the process forget what is in memory, for tests."""
    for recorder in list(_watched):
        recorder.start_over()


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _flush_all() -> None:
    started = time.monotonic()
    for recorder in list(_watched):
        recorder.flush_at_exit(started)


def _on_celery_shutdown(**_: Any) -> None:
    _flush_all()


def _after_fork() -> None:
    for recorder in list(_watched):
        recorder.after_fork()
