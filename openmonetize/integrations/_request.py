"""Whose usage a web request's is, and the check before it."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Optional, Union

from openmonetize.client.context import EMPTY, Scope
from openmonetize.gate.checks import OnOutage, require_policy

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize
    from openmonetize.gate import CheckResult

# Of a request: an id or facts, or a function of the request that returns them.
RequestId = Union[str, Callable[[Any], Optional[str]], None]
RequestFacts = Union[Mapping[str, Any], Callable[[Any], Optional[Mapping[str, Any]]], None]

_logger = logging.getLogger(__name__)


class RequestSettings:
    """How to find out whose usage a request's is.

    Args:
        om: records the usage.
        user_id: the user, or a function of the request, called when an event is recorded or a check made.
        feature_id: the feature, or such a function.
        metadata: facts to keep with every event, or a function of the request, called as the request begins.

    Raises:
        ApiTypeError, ApiValueError: a value cannot be sent.
    """

    def __init__(self, om: OpenMonetize, user_id: RequestId, feature_id: RequestId, metadata: RequestFacts) -> None:
        EMPTY.nested(
            None if callable(user_id) else user_id,
            None if callable(feature_id) else feature_id,
            None if callable(metadata) else metadata,
        )
        self.om = om
        self.user_id = user_id
        self.feature_id = feature_id
        self.metadata = metadata

    def context_of(self, request: Any) -> RequestContext:
        """Return the context of a request that has none."""
        return RequestContext(self, request)

    def context_within(self, request: MutableMapping[str, Any]) -> RequestContext:
        """Return the context of a WSGI environ or ASGI scope, which a middleware further outside may have put there."""
        context = context_in(request, self.om)
        if context is None:
            context = request[_key(self.om)] = self.context_of(request)
        else:
            context.inherit(self, request)
        return context


class RequestContext:
    """User, feature and facts of one request: one object for all of its threads and tasks.

    A context variable that is set in a framework's thread stays in that thread. This object is seen by all that belongs
    to the request, whoever learns of the user.

    Args:
        settings: how to find out.
        request: the framework's request.
    """

    def __init__(self, settings: RequestSettings, request: Any) -> None:
        self.om = settings.om
        self._outer = self.om._scope.get() or EMPTY
        self._ids: dict[str, Any] = {
            "user_id": _bound(settings.user_id, request),
            "feature_id": _bound(settings.feature_id, request),
        }
        self._kept: dict[str, str | None] = {}
        self._metadata = _facts(settings.metadata, request)
        self._scope: tuple[Scope, Scope] | None = None  # the one around the last block, and the block's own

    def open(self) -> AbstractContextManager[None]:
        """Return a block whose events and checks are this request's. Each step of its body may be in one."""
        outer, known = self.om._scope.get() or EMPTY, self._scope
        if known is None or known[0] is not outer:
            user_id, feature_id = (functools.partial(self._id, name) for name in self._ids)
            known = self._scope = outer, outer.nested(user_id, feature_id, self._metadata)
        return self.om._scope.using(known[1])

    def set(self, user_id: Any = None, feature_id: Any = None) -> None:
        """Say who the user and what the feature is, from now on. None leaves it as it was.

        Raises:
            ApiTypeError, ApiValueError: a value cannot be sent.
        """
        EMPTY.nested(user_id, feature_id, None)
        for name, value in (("user_id", user_id), ("feature_id", feature_id)):
            if value is not None:
                self._ids[name] = value

    def inherit(self, settings: RequestSettings, request: Any) -> None:
        """Take over what a middleware further inside says."""
        self.set(_bound(settings.user_id, request), _bound(settings.feature_id, request))

    def keep(self) -> None:
        """Remember user and feature of this moment, for a later one at which the functions cannot tell."""
        for name in self._ids:
            try:
                self._kept[name] = self._id(name)
            except Exception:  # it is not needed yet, and raises again when it is
                pass

    def _id(self, name: str) -> Any:
        value = self._ids[name]
        try:
            found = value() if callable(value) else value
        except Exception:
            if name not in self._kept:
                raise
            found = self._kept[name]
        if found is not None and found != "":  # as the name of Django's anonymous user is
            return found
        user_id, feature_id, _ = self._outer.fill(None, None, None)
        return user_id if name == "user_id" else feature_id


class Requirement:
    """The check before a request's work.

    Args:
        om: will be asked, where it is known already.
        feature_id: the feature that the request uses.
        on_outage: ``"allow"`` or ``"deny"``: the answer if the platform gives none.
        estimate: what the use is expected to take, see `openmonetize.gate.Estimate`.

    Raises:
        ApiTypeError, ApiValueError: the question is wrong.
    """

    def __init__(
        self, om: OpenMonetize | None, feature_id: str, on_outage: OnOutage, estimate: Mapping[str, Any]
    ) -> None:
        require_policy(on_outage)
        if om is not None:
            om._question("anybody", feature_id, estimate)  # a mistake is an error of this line, not of every request
        self._feature_id = feature_id
        self._on_outage: OnOutage = on_outage
        self._estimate: dict[str, Any] = dict(estimate)

    def check(self, context: RequestContext | None, user_id: str | None) -> CheckResult:
        """Make user and feature those of the request, and raise if the user may not go ahead.

        Args:
            context: the request's.
            user_id: the user; None for that of the context.

        Raises:
            EntitlementDenied: the user may not go ahead.
            ApiTypeError, ApiValueError: there is no user, or one that cannot be asked about.
        """
        context = _installed(context)
        context.set(user_id, self._feature_id)
        return context.om.require(self._feature_id, user_id=user_id, on_outage=self._on_outage, **self._estimate)

    async def acheck(self, context: RequestContext | None, user_id: str | None) -> CheckResult:
        """Do as :meth:`check`, while the event loop goes on."""
        context = _installed(context)
        context.set(user_id, self._feature_id)
        return await context.om.arequire(self._feature_id, user_id=user_id, on_outage=self._on_outage, **self._estimate)


def context_in(request: Mapping[str, Any], om: OpenMonetize) -> RequestContext | None:
    """Return the context that a middleware has put into a WSGI environ or ASGI scope."""
    return request.get(_key(om))


def _key(om: OpenMonetize) -> str:
    return f"openmonetize.{id(om)}"


def _installed(context: RequestContext | None) -> RequestContext:
    if context is None:
        raise RuntimeError("the application has no UsageContext of this OpenMonetize: call install(app, om) first")
    return context


def _bound(value: RequestId, request: Any) -> Any:
    return functools.partial(value, request) if callable(value) else value


def _facts(metadata: RequestFacts, request: Any) -> Mapping[str, Any] | None:
    if not callable(metadata):
        return metadata
    try:
        return EMPTY.nested(None, None, metadata(request)).metadata
    except Exception:  # metering must not break the request
        _logger.exception("the metadata of a request is missing in its events")
        return None
