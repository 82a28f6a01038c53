"""Metering of Celery tasks: their usage is that of the user for whom they were sent.

    app = Celery("reports")
    install(app, om)  # where tasks are sent, and where they run

    with om.context(user_id="acme-ada", feature_id="reports"):
        report.delay(42)

Needs the extra ``celery``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from celery import Celery, signals
from celery.local import maybe_evaluate

from openmonetize._schema.jsonable import jsonable

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize

HEADER = "openmonetize"  # of a task's message: a dict with user_id, feature_id and metadata
_OPENED = "_openmonetize_opened"

_logger = logging.getLogger(__name__)


def install(app: Celery, om: OpenMonetize) -> None:
    """Carry the context of those who send tasks to the tasks.

    User, feature and metadata of ``om.context`` are found out when a task is sent, and travel in the message's headers.
    Around the task they are the context again, in every pool, and so they reach its retries, links, chains, groups and
    chords, and the tasks that it sends. In eager mode a task runs in the context of its caller anyway. What else the
    task opens wins. Headers that are malformed are logged and ignored. Whoever can write to the broker can choose the
    user, as it can choose the task.

    What the tasks record is delivered when the worker shuts down, whatever its pool, as in every process.

    Args:
        app: the application whose tasks are run so. Tasks that this process sends have the headers whichever
            application they are of.
        om: records the usage. Several of a process overwrite each other's headers.
    """
    carrier = _Carrier(app, om)
    name = f"openmonetize-{id(app)}-{id(om)}"  # once, however often this is called
    signals.before_task_publish.connect(carrier.sending, weak=False, dispatch_uid=f"{name}-sending")
    signals.task_prerun.connect(carrier.beginning, weak=False, dispatch_uid=f"{name}-beginning")
    signals.task_postrun.connect(carrier.ending, weak=False, dispatch_uid=f"{name}-ending")


class _Carrier:
    def __init__(self, app: Celery, om: OpenMonetize) -> None:
        self._app = app
        self._om = om

    def sending(self, headers: dict[str, Any] | None = None, **_: Any) -> None:
        """Put the context into the headers of a message."""
        scope = self._om._scope.get()
        if scope is None or headers is None:
            return
        try:
            user_id, feature_id, metadata = scope.fill(None, None, None)
            facts = {"user_id": user_id, "feature_id": feature_id, "metadata": metadata}
            headers[HEADER] = {name: jsonable(fact, name) for name, fact in facts.items() if fact}
        except Exception:  # a function of the context, for one; the task is sent all the same
            _logger.exception("the context of a task is not known, and not sent with it")

    def beginning(self, task: Any = None, **_: Any) -> None:
        """Open the context that a task's message has."""
        request = task.request
        header = request.get(HEADER)
        if header is None or request.is_eager or maybe_evaluate(task.app) is not maybe_evaluate(self._app):
            return
        opened = ExitStack()
        try:
            opened.enter_context(self._om.context(**_read(header)))
        except Exception:
            _logger.exception("the header %r of the task %s is ignored", HEADER, task.name)
            return
        setattr(request, _OPENED, opened)

    def ending(self, task: Any = None, **_: Any) -> None:
        """Close it."""
        opened = task.request.__dict__.pop(_OPENED, None)
        if opened is not None:
            opened.close()


def _read(header: Any) -> dict[str, Any]:
    if not isinstance(header, Mapping):
        raise TypeError(f"it is {type(header).__name__}, not a dict")
    return {name: header.get(name) for name in ("user_id", "feature_id", "metadata")}
