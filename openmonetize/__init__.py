"""OpenMonetize: meter AI usage, turn it into credits, and gate features by balance.

Names are imported on first use, so that ``import openmonetize`` costs next to nothing.
"""

from __future__ import annotations

from openmonetize._exports import MODULES as _GENERATED
from openmonetize._schema.resolver import declare as _declare
from openmonetize._version import __version__ as __version__

# Type checkers know this name without an import, and importing `typing` would take longer than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from openmonetize._exports import *
    from openmonetize._http.operation import (
        UNSET as UNSET,
        Operation as Operation,
        RequestOptions as RequestOptions,
        Unset as Unset,
    )
    from openmonetize._http.retry import RetryPolicy as RetryPolicy
    from openmonetize.api_client import ApiClient as ApiClient
    from openmonetize.api_response import ApiResponse as ApiResponse, RateLimit as RateLimit
    from openmonetize.client import OpenMonetize as OpenMonetize
    from openmonetize.client.async_hold import AsyncHold as AsyncHold
    from openmonetize.client.disabled import DisabledError as DisabledError
    from openmonetize.client.estimates import Amounts as Amounts
    from openmonetize.client.last_usage import LastUsage as LastUsage
    from openmonetize.client.layers import Layer as Layer
    from openmonetize.client.llm_proxy import ProxyConfig as ProxyConfig
    from openmonetize.client.ping import Ping as Ping
    from openmonetize.client.settings import DeliverySettings as DeliverySettings
    from openmonetize.compat import NotServedError as NotServedError
    from openmonetize.configuration import Configuration as Configuration
    from openmonetize.events.model import EventModel as EventModel
    from openmonetize.events.result import IngestError as IngestError, IngestResult as IngestResult
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
        MissingExtraError as MissingExtraError,
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
    from openmonetize.files.errors import FilesError as FilesError
    from openmonetize.files.report import (
        FilesProgress as FilesProgress,
        FilesReport as FilesReport,
        RefusedRow as RefusedRow,
        WalletShare as WalletShare,
    )
    from openmonetize.gate import (
        CheckResult as CheckResult,
        EntitlementDenied as EntitlementDenied,
        Estimate as Estimate,
        OnOutage as OnOutage,
        Question as Question,
        Remedy as Remedy,
        StoreError as StoreError,
    )
    from openmonetize.gate.holds import Hold as Hold
    from openmonetize.metering import (
        BillingResult as BillingResult,
        BufferFull as BufferFull,
        DeadLetter as DeadLetter,
        Delivered as Delivered,
        Finding as Finding,
        FlushResult as FlushResult,
        Incident as Incident,
        MeteringError as MeteringError,
        OtherAccount as OtherAccount,
        OutboxError as OutboxError,
        Stats as Stats,
        VerifyReport as VerifyReport,
        flush_after as flush_after,
    )
    from openmonetize.pricing import Charge as Charge, Price as Price, PriceBook as PriceBook, TextRates as TextRates
    from openmonetize.providers import Usage as Usage, UsageError as UsageError, usage_from as usage_from
    from openmonetize.providers.extract import OnPartial as OnPartial
    from openmonetize.providers.usage import Completeness as Completeness, TokenPolicy as TokenPolicy
    from openmonetize.reconcile.result import (
        Difference as Difference,
        ReconciledRow as ReconciledRow,
        Reconciliation as Reconciliation,
    )
    from openmonetize.rest import RESTResponse as RESTResponse

_BY_HAND = {
    "openmonetize._http.operation": ("UNSET", "Operation", "RequestOptions", "Unset"),
    "openmonetize._http.retry": ("RetryPolicy",),
    "openmonetize.api_client": ("ApiClient",),
    "openmonetize.api_response": ("ApiResponse", "RateLimit"),
    "openmonetize.client": ("OpenMonetize",),
    "openmonetize.client.async_hold": ("AsyncHold",),
    "openmonetize.client.disabled": ("DisabledError",),
    "openmonetize.client.estimates": ("Amounts",),
    "openmonetize.client.last_usage": ("LastUsage",),
    "openmonetize.client.layers": ("Layer",),
    "openmonetize.client.llm_proxy": ("ProxyConfig",),
    "openmonetize.client.ping": ("Ping",),
    "openmonetize.client.settings": ("DeliverySettings",),
    "openmonetize.compat": ("NotServedError",),
    "openmonetize.configuration": ("Configuration",),
    "openmonetize.events.model": ("EventModel",),
    "openmonetize.events.result": ("IngestError", "IngestResult"),
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
        "MissingExtraError",
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
    "openmonetize.files.errors": ("FilesError",),
    "openmonetize.files.report": ("FilesProgress", "FilesReport", "RefusedRow", "WalletShare"),
    "openmonetize.gate": (
        "CheckResult",
        "EntitlementDenied",
        "Estimate",
        "StoreError",
        "OnOutage",
        "Question",
        "Remedy",
    ),
    "openmonetize.gate.holds": ("Hold",),
    "openmonetize.metering": (
        "BillingResult",
        "BufferFull",
        "DeadLetter",
        "Delivered",
        "Finding",
        "FlushResult",
        "Incident",
        "MeteringError",
        "OtherAccount",
        "OutboxError",
        "Stats",
        "VerifyReport",
        "flush_after",
    ),
    "openmonetize.pricing": ("Charge", "Price", "PriceBook", "TextRates"),
    "openmonetize.providers": (
        "Usage",
        "UsageError",
        "usage_from",
    ),
    "openmonetize.providers.extract": ("OnPartial",),
    "openmonetize.providers.usage": ("Completeness", "TokenPolicy"),
    "openmonetize.reconcile.result": ("Difference", "ReconciledRow", "Reconciliation"),
    "openmonetize.rest": ("RESTResponse",),
}
_MODULES = {name: module for module, names in _BY_HAND.items() for name in names}
_MODULES.update(_GENERATED)
_declare(_GENERATED)

if not TYPE_CHECKING:  # Type checkers do not read a computed list; for them all names imported above are public.
    __all__ = ["__version__", *_MODULES]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        from openmonetize._arguments import unknown_attribute

        raise unknown_attribute("module 'openmonetize'", name, __dir__())
    from importlib import import_module

    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(["__version__", *_MODULES])
