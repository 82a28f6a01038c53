"""What the generations of MCP libraries call by different names: a tool's call, its answer, the client, a denial."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

from openmonetize.exceptions import MissingExtraError

_FIRST_WITHOUT_ERROR_CODE = "2026-07-28"  # this version of the protocol retires the error -32042
_INPUT = "openmonetize_credits"  # the name of our question in an answer that asks the client for input


class ToolCall(NamedTuple):
    """One call of a tool, or a client's wish to list tools.

    Attributes:
        tool: the tool's name; empty where tools are listed.
        arguments: what the client passes to the tool.
        token: the access token of the request (`mcp.server.auth.provider.AccessToken`); None without one.
        context: the library's own context of the request. Its ``request`` has the headers of HTTP.
    """

    tool: str
    arguments: Mapping[str, Any]
    token: Any
    context: Any

    @property
    def principal(self) -> Optional[str]:
        """The subject of the access token, else its client; None without a token."""
        claims = getattr(self.token, "claims", None) or {}
        for found in (getattr(self.token, "subject", None), claims.get("sub"), getattr(self.token, "client_id", None)):
            if isinstance(found, str) and found:
                return found
        return None


class ToolAnswer(NamedTuple):
    """What a tool has answered.

    Attributes:
        structured: the structured content; None without one. SDKs wrap a plain value: ``{"result": 3}``.
        text: the texts of the content.
        failed: whether the tool says that it failed.
        raw: the answer as the library has it.
    """

    structured: Optional[Mapping[str, Any]]
    text: str
    failed: bool
    raw: Any


class Denial(NamedTuple):
    """Why a tool is not run, in words for the agent; and the page where its user can change that, if there is one."""

    text: str
    url: Optional[str] = None


def request_token(context: Any) -> Any:
    """Return the access token of a request to a server of the SDK; None without one.

    That of the HTTP request comes first: the SDK's own variable is that of the request which began the session.
    """
    scope = getattr(getattr(context, "request", None), "scope", None) or {}
    token = getattr(scope.get("user"), "access_token", None)
    if token is not None:
        return token
    from mcp.server.auth.middleware.auth_context import get_access_token

    return get_access_token()


def answer_of(result: Any) -> ToolAnswer:
    """Return what a tool has answered, from a result of any library."""
    inner = getattr(result, "root", result)
    texts = [_field(part, "text") for part in _field(inner, "content") or ()]
    return ToolAnswer(
        _field(inner, "structured_content", "structuredContent"),
        "\n".join(text for text in texts if isinstance(text, str)),
        bool(_field(inner, "is_error", "isError")),
        inner,
    )


def is_unfinished(result: Any) -> bool:
    """Return whether a tool has not answered yet: it asks the client for input, or goes on as a task."""
    inner = getattr(result, "root", result)
    if asks_for_input(inner) or _field(inner, "task") is not None:
        return True
    return _field(inner, "result_type", "resultType") not in (None, "complete")


def asks_for_input(result: Any) -> bool:
    """Return whether a tool asks the client for input; the client calls it again then."""
    if type(result).__name__ == "InputRequiredToolResult":  # fastmcp's
        return True
    return bool(_field(result, "result_type", "resultType") == "input_required")


def has_paid_page_behind(params: Any) -> bool:
    """Return whether a client calls again, after it was asked to send its user to the page."""
    return _INPUT in (_field(params, "input_responses", "inputResponses") or {})


def without_own_input(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's parameters without the client's answer to our question, which is not for the tool."""
    answers = {name: value for name, value in params["inputResponses"].items() if name != _INPUT}
    others = {name: value for name, value in params.items() if name != "inputResponses"}
    return {**others, "inputResponses": answers} if answers else others


def input_required(denial: Denial, context: Any, params: Any) -> Any:
    """Return the answer that asks the client to open the page and call again; None if it does not understand that.

    Args:
        denial: with a page or without.
        context: the SDK's context of the request.
        params: the call's parameters.
    """
    if denial.url is None or has_paid_page_behind(params) or not _opens_pages(context) or not _is_newest(context):
        return None
    request = {"method": "elicitation/create", "params": {"mode": "url", "message": denial.text, "url": denial.url}}
    return types().InputRequiredResult.model_validate({"inputRequests": {_INPUT: request}})


def raise_page_error(denial: Denial, context: Any) -> None:
    """Raise the protocol's error -32042, "open this page, then call again", if the client understands it."""
    if denial.url is None or not _opens_pages(context) or _is_newest(context):
        return
    from mcp.shared.exceptions import UrlElicitationRequiredError

    page = {"mode": "url", "message": denial.text, "url": denial.url, "elicitationId": str(uuid.uuid4())}
    raise UrlElicitationRequiredError([types().ElicitRequestURLParams.model_validate(page)])


def error_result(denial: Denial) -> Any:
    """Return the result of a tool that failed, with the reason."""
    text = denial.text if denial.url is None else f"{denial.text} {denial.url}"
    return types().CallToolResult.model_validate({"content": [{"type": "text", "text": text}], "isError": True})


def types() -> Any:
    """Return the module of the protocol's types.

    Raises:
        MissingExtraError: the SDK is not installed.
    """
    for name in ("mcp_types", "mcp.types"):  # of 2.x, of 1.x
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingExtraError("paid tools need the package mcp: pip install 'openmonetize[mcp]'")


def _opens_pages(context: Any) -> bool:
    """Return whether the client has said that it can send its user to a page."""
    session = getattr(context, "session", None)
    capabilities = getattr(session, "client_capabilities", None)
    if capabilities is None:
        capabilities = getattr(getattr(session, "client_params", None), "capabilities", None)
    return getattr(getattr(capabilities, "elicitation", None), "url", None) is not None


def _is_newest(context: Any) -> bool:
    return str(getattr(context, "protocol_version", "")) >= _FIRST_WITHOUT_ERROR_CODE


def _field(model: Any, *names: str) -> Any:
    """Return the first field that is there, of an object or of a dict; None without one.

    The names of the SDK 2.x come first: beside fastmcp, its objects warn of those of 1.x.
    """
    for name in names:
        found = model.get(name) if isinstance(model, Mapping) else getattr(model, name, None)
        if found is not None:
            return found
    return None
