"""What LiteLLM's proxy needs beside the callback: who pays, how a request is rejected, and settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from openmonetize.exceptions import ApiValueError
from openmonetize.integrations._litellm_usage import payload_of

if TYPE_CHECKING:
    from openmonetize.gate import CheckResult

# Whom LiteLLM names where nobody owns the key: its administrator, behind the master key.
_NOBODY = "default_user_id"


def paying_user(end_user: Any, key_user: Any, key_alias: Any) -> str | None:
    """Return who pays for a request to the proxy.

    The end user that the request names (``user`` in its body, or LiteLLM's header); else the owner of the virtual key;
    else the key's alias; else None. Whoever has a key may name any end user: give keys to your own services only, or
    set LiteLLM's ``general_settings.user_header_mappings`` to what you trust.
    """
    for name in (end_user, key_user, key_alias):
        if isinstance(name, str) and name and name != _NOBODY:
            return name
    return None


def user_of_call(kwargs: Mapping[str, Any]) -> str | None:
    """Return who pays for a call that LiteLLM's proxy has made."""
    payload = payload_of(kwargs)
    facts = payload.get("metadata") or (kwargs.get("litellm_params") or {}).get("metadata") or {}
    end_user = payload.get("end_user") or facts.get("user_api_key_end_user_id")
    return paying_user(end_user, facts.get("user_api_key_user_id"), facts.get("user_api_key_alias"))


def user_of_request(key: Any, data: Mapping[str, Any]) -> str | None:
    """Return who would pay for a request that has come to the proxy.

    Args:
        key: LiteLLM's ``UserAPIKeyAuth``.
        data: the request's body.
    """
    end_user = getattr(key, "end_user_id", None) or data.get("user")
    return paying_user(end_user, getattr(key, "user_id", None), getattr(key, "key_alias", None))


def denial(check: CheckResult, user_id: str, feature_id: str) -> Exception:
    """Return what LiteLLM answers as HTTP 402, with the reason and what to offer."""
    return rejection(
        402,
        {
            "error": f"user {user_id!r} may not use {feature_id!r}: {check.reason or 'no reason given'}",
            "reason": check.reason,
            "balance": check.balance,
            "actions": [action._asdict() for action in check.actions],
        },
    )


def rejection(status: int, detail: Mapping[str, Any]) -> Exception:
    """Return the exception with which LiteLLM's proxy rejects a request."""
    from fastapi import HTTPException  # the proxy has it, the SDK need not

    return HTTPException(status_code=status, detail=dict(detail))


def setting(name: str, default: str | None = None) -> str | None:
    """Return a variable of the environment; one that is empty is as good as none."""
    return os.environ.get(name) or default


def pairs(name: str) -> dict[str, str]:
    """Return a variable such as ``groq=OPENAI,xai=OPENAI`` as a mapping.

    Raises:
        ApiValueError: it has another form.
    """
    found = {}
    for pair in (os.environ.get(name) or "").split(","):
        if pair.strip():
            key, equals, value = pair.partition("=")
            if not (key.strip() and equals and value.strip()):
                raise ApiValueError(f"{name} must be like 'name=value,name=value', and has {pair.strip()!r}")
            found[key.strip()] = value.strip()
    return found
