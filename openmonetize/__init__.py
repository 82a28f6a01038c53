"""OpenMonetize: meter AI usage, turn it into credits, and gate features by balance.

Names are imported on first use, so that ``import openmonetize`` costs next to nothing.
"""

from __future__ import annotations

from openmonetize._exports import MODULES as _GENERATED
from openmonetize._version import __version__

# Type checkers know this name by itself, and importing it from `typing` would take longer than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

    from openmonetize._exports import *  # the generated names, for type checkers
    from openmonetize.api_client import ApiClient as ApiClient
    from openmonetize.api_response import ApiResponse as ApiResponse
    from openmonetize.configuration import Configuration as Configuration
    from openmonetize.exceptions import (
        ApiAttributeError as ApiAttributeError,
    )
    from openmonetize.exceptions import (
        ApiConnectionError as ApiConnectionError,
    )
    from openmonetize.exceptions import (
        ApiException as ApiException,
    )
    from openmonetize.exceptions import (
        ApiKeyError as ApiKeyError,
    )
    from openmonetize.exceptions import (
        ApiTimeoutError as ApiTimeoutError,
    )
    from openmonetize.exceptions import (
        ApiTypeError as ApiTypeError,
    )
    from openmonetize.exceptions import (
        ApiValueError as ApiValueError,
    )
    from openmonetize.exceptions import (
        BadRequestException as BadRequestException,
    )
    from openmonetize.exceptions import (
        ConflictException as ConflictException,
    )
    from openmonetize.exceptions import (
        ForbiddenException as ForbiddenException,
    )
    from openmonetize.exceptions import (
        NotFoundException as NotFoundException,
    )
    from openmonetize.exceptions import (
        OpenApiException as OpenApiException,
    )
    from openmonetize.exceptions import (
        PayloadTooLargeException as PayloadTooLargeException,
    )
    from openmonetize.exceptions import (
        PaymentRequiredException as PaymentRequiredException,
    )
    from openmonetize.exceptions import (
        RedirectException as RedirectException,
    )
    from openmonetize.exceptions import (
        ServiceException as ServiceException,
    )
    from openmonetize.exceptions import (
        TooManyRequestsException as TooManyRequestsException,
    )
    from openmonetize.exceptions import (
        UnauthorizedException as UnauthorizedException,
    )
    from openmonetize.exceptions import (
        UnexpectedBodyError as UnexpectedBodyError,
    )
    from openmonetize.exceptions import (
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
