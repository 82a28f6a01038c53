"""Exit, fork and signals: what has to happen around a recorder's process."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
import weakref
from types import FrameType
from typing import TYPE_CHECKING, Any, List, Optional

if TYPE_CHECKING:
    from openmonetize.metering.recorder import Recorder

_RECORDERS: weakref.WeakSet[Recorder] = weakref.WeakSet()
_forking: List[Recorder] = []  # those that prepared for the fork under way
_hooked = False
_finalizers_of = 0  # the process whose finalizers are set


def watch(recorder: Recorder) -> None:
    """Flush this recorder at exit and keep it right over forks. Hooks are set with the first recorder."""
    global _hooked
    _RECORDERS.add(recorder)
    if not _hooked:
        _hooked = True
        atexit.register(_at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
            )


def import_all() -> None:
    """Import and build what delivering needs, on the caller's thread, before the first thread is started.

    A fork in another thread's import, or while it builds a model, would hang the child.
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
    """Workers of multiprocessing and Celery leave without atexit; their own finalizers and signals do run."""
    global _finalizers_of
    if _finalizers_of == os.getpid():
        return
    _finalizers_of = os.getpid()
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:
        multiprocessing.Finalize(None, _at_exit, exitpriority=10)
    celery = sys.modules.get("celery.signals")
    if celery is not None:
        celery.worker_process_shutdown.connect(_at_shutdown, weak=False)


def exit_on_sigterm() -> None:
    """Turn SIGTERM into a normal exit, so that the flush at exit runs. Somebody else's handler is left alone.

    Works in the main thread only, as Python's signal handlers do.
    """
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, frame: Optional[FrameType]) -> None:
    raise SystemExit(128 + number)


def _at_exit() -> None:
    started = time.monotonic()
    for recorder in list(_RECORDERS):
        recorder._at_exit(started)


def _at_shutdown(**_: Any) -> None:
    _at_exit()


def _before_fork() -> None:
    for recorder in list(_RECORDERS):
        recorder._before_fork()
        _forking.append(recorder)


def _after_fork_in_parent() -> None:
    while _forking:
        _forking.pop()._after_fork(in_child=False)


def _after_fork_in_child() -> None:
    while _forking:
        _forking.pop()._after_fork(in_child=True)
