"""OpenMonetize: meter AI usage, turn it into credits, and gate features by balance.

Names are imported on first use, so that ``import openmonetize`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List

from openmonetize._exports import MODULES as _GENERATED
from openmonetize._version import __version__

if TYPE_CHECKING:
    from openmonetize._exports import *  # the generated names, for type checkers
    from openmonetize.api_client import ApiClient as ApiClient
    from openmonetize.api_response import ApiResponse as ApiResponse
    from openmonetize.configuration import Configuration as Configuration
    from openmonetize.exceptions import (
        ApiAttributeError as ApiAttributeError,
        ApiConnectionError as ApiConnectionError,
        ApiException as ApiException,
        ApiKeyError as ApiKeyError,
        ApiTimeoutError as ApiTimeoutError,
        ApiTypeError as ApiTypeError,
        ApiValueError as ApiValueError,
        BadRequestException as BadRequestException,
        ConflictException as ConflictException,
        ForbiddenException as ForbiddenException,
        NotFoundException as NotFoundException,
        OpenApiException as OpenApiException,
        PayloadTooLargeException as PayloadTooLargeException,
        PaymentRequiredException as PaymentRequiredException,
        RedirectException as RedirectException,
        ServiceException as ServiceException,
        TooManyRequestsException as TooManyRequestsException,
        UnauthorizedException as UnauthorizedException,
        UnexpectedBodyError as UnexpectedBodyError,
        UnprocessableEntityException as UnprocessableEntityException,
    )
    from openmonetize.ingest import IngestResult as IngestResult
    from openmonetize.operation import UNSET as UNSET
    from openmonetize.retry import RetryPolicy as RetryPolicy

_BY_HAND = {
    "openmonetize.api_client": ("ApiClient",),
    "openmonetize.api_response": ("ApiResponse",),
    "openmonetize.configuration": ("Configuration",),
    "openmonetize.exceptions": (
        "ApiAttributeError",
        "ApiConnectionError",
        "ApiException",
        "ApiKeyError",
        "ApiTimeoutError",
        "ApiTypeError",
        "ApiValueError",
        "BadRequestException",
        "ConflictException",
        "ForbiddenException",
        "NotFoundException",
        "OpenApiException",
        "PayloadTooLargeException",
        "PaymentRequiredException",
        "RedirectException",
        "ServiceException",
        "TooManyRequestsException",
        "UnauthorizedException",
        "UnexpectedBodyError",
        "UnprocessableEntityException",
    ),
    "openmonetize.ingest": ("IngestResult",),
    "openmonetize.operation": ("UNSET",),
    "openmonetize.retry": ("RetryPolicy",),
}
_MODULES = {name: module for module, names in _BY_HAND.items() for name in names}
_MODULES.update(_GENERATED)

__all__ = ["__version__", *_MODULES]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'openmonetize' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted(__all__)
