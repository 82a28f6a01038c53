"""The work of finalizers, on threads of its own.

Garbage collection may happen anywhere, also where its thread holds a lock that the work would wait for.
"""

from __future__ import annotations

import _thread
import os
import time
from collections.abc import Callable

# Each piece of work that goes on: a lock that is held until it is over, and the process and thread that does it.
# One step each adds, removes and copies, so that a finalizer may come between any two of them.
_going_on: dict[_thread.LockType, tuple[int, int]] = {}


def run_aside(work: Callable[[], object]) -> None:
    """Start work on a thread of its own. Safe in a finalizer.

    A bare thread is started because `threading` takes locks itself.

    Raises:
        RuntimeError: no thread can be started, as at the interpreter's exit.
    """
    over = _thread.allocate_lock()
    over.acquire()
    _going_on[over] = (os.getpid(), 0)
    try:
        _thread.start_new_thread(_run, (work, over))
    except RuntimeError:
        _going_on.pop(over, None)
        raise


def wait_until_over(timeout: float) -> bool:
    """Wait for the work that was started before, of other threads. Return whether it is over.

    Args:
        timeout: seconds to wait at the most.
    """
    deadline = time.monotonic() + timeout
    for over, (process, thread) in _going_on.copy().items():
        if process != os.getpid():  # no thread of the parent goes on in a fork
            _going_on.pop(over, None)
        elif thread != _thread.get_ident():
            if not over.acquire(timeout=max(0.0, deadline - time.monotonic())):
                return False
            over.release()  # others may wait as well
    return True


def _run(work: Callable[[], object], over: _thread.LockType) -> None:
    _going_on[over] = (os.getpid(), _thread.get_ident())
    try:
        work()
    finally:
        _going_on.pop(over, None)
        over.release()
