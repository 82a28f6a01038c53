# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EntitlementsCheckPost200ResponseActionsInner."""

from __future__ import annotations

from typing import Literal, Optional, Union

from openmonetize._schema.model import ResponseModel


class V1EntitlementsCheckPost200ResponseActionsInner(ResponseModel):
    """Something that the user can do about a denial or a warning."""

    type: Optional[Union[Literal["create_wallet", "purchase", "upgrade"], str]] = None
    """Kind of remedy."""
    label: Optional[str] = None
    """Text for a button."""
    url: Optional[str] = None
    """Path of a page, relative to a dashboard. It is not an API route."""
