# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EntitlementsCheckPost200ResponseActionsInner."""

from __future__ import annotations

from typing import Literal, Union

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel


class V1EntitlementsCheckPost200ResponseActionsInner(ResponseModel):
    """Something that the user can do about a denial or a warning."""

    type: Lenient[Union[Literal["create_wallet", "purchase", "upgrade"], str]] = ABSENT
    """Kind of remedy."""
    label: Lenient[str] = ABSENT
    """Text for a button."""
    url: Lenient[str] = ABSENT
    """Path of a page, relative to a dashboard. It is not an API route."""
