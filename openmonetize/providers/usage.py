"""The usage of one provider call, in the terms that the platform bills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Callable, Literal, Optional, Union, get_args

from openmonetize._arguments import explained
from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize.events.providers import PROVIDERS
from openmonetize.exceptions import ApiValueError
from openmonetize.providers.otel import BATCH, COST, REGION, SERVICE_TIER, broken_invariants

Completeness = Literal["exact", "partial", "estimated"]

_COMPLETENESS = get_args(Completeness)

MAX_LABEL = 64  # characters of a service tier or a region

# Which tokens of a call are billed, see `openmonetize.providers.policy`.
NamedPolicy = Literal["reported", "inclusive", "price_equivalent"]
TokenPolicy = Union[NamedPolicy, Callable[["Usage"], "tuple[int, int]"]]

NAMED_POLICIES = get_args(NamedPolicy)


class UsageError(ApiValueError):
    """A response has no usage, an unknown shape, or counts that cannot be true."""


class UnderWay(UsageError):
    """A response is still being made in the background, and tells its usage later.

    Attributes:
        job_id: the response's id, if it has one.
    """

    def __init__(self, job_id: str | None) -> None:
        super().__init__("the response is made in the background, and has no usage yet: follow or retrieve it")
        self.job_id = job_id


@explained
@dataclass(frozen=True)
class Usage:
    """The usage of one provider call.

    ``input_tokens`` and ``output_tokens`` are the provider's own fields, unchanged: that is what the
    platform's proxy records, so a call costs the same whichever way it is metered. Whatever those fields
    leave out or contain (cached, reasoning, audio tokens) is in ``details``.

    Args:
        provider: gateway name, one of ``PROVIDERS``.
        model: the model's name as the provider gave it (see ``priced_name`` for the name that is billed).
        input_tokens: whole tokens, 0 or more.
        output_tokens: whole tokens, 0 or more.
        response_id: the provider's id of this response, if it has one.
        host: the host that answered, such as ``api.openai.com``, if known.
        image_count: number of images made, for image calls only.
        image_size: such as ``1024x1024``, for image calls only.
        image_quality: such as ``high``, for image calls only.
        details: OpenTelemetry GenAI names to whole numbers, zeros left out. ``gen_ai.usage.input_tokens``
            (everything read, caches included) and ``gen_ai.usage.output_tokens`` (everything written,
            reasoning included) appear where they differ from the provider's own fields.
        completeness: ``exact``: the provider's final counts; ``partial``: what it had reported when a stream
            was cut, or the prompt alone; ``estimated``: a rough estimate, see ``StreamMeter``.
        service_tier: the provider's own name of the tier that served the call, such as ``flex``, ``priority`` or
            ``ON_DEMAND``; Anthropic's fast mode is ``fast``. None where it is not told.
        batch: whether the call was part of a batch, for which providers charge less.
        region: where the model ran, as the provider or the host's name says, such as ``us`` or ``europe-west1``.
        gateway_cost: what a gateway (OpenRouter, xAI, Perplexity) says the call has cost, in US dollars.
        token_policy: which of the tokens to bill; None leaves it to `OpenMonetize`.
        later_id: what tells usage apart that may be read again later, such as a line of a batch's results, at any host;
            see ``event_id_for``.

    Raises:
        UsageError: a field is missing, of the wrong kind or negative, or a part exceeds its total.
    """

    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    response_id: Optional[str] = None
    host: Optional[str] = None
    image_count: Optional[int] = None
    image_size: Optional[str] = None
    image_quality: Optional[str] = None
    details: Mapping[str, int] = field(default_factory=dict)
    completeness: Completeness = "exact"
    service_tier: Optional[str] = None
    batch: bool = False
    region: Optional[str] = None
    gateway_cost: Optional[Decimal] = None
    token_policy: Optional[TokenPolicy] = field(default=None, compare=False)
    later_id: Optional[str] = None

    def __post_init__(self) -> None:
        if self.provider not in PROVIDERS:
            raise UsageError(
                f"provider {self.provider!r} is not one the platform takes: use one of {', '.join(PROVIDERS)}"
            )
        if not isinstance(self.model, str) or not self.model:
            raise UsageError("the response does not name its model: pass model=")
        if self.completeness not in _COMPLETENESS:
            raise UsageError(f"completeness {self.completeness!r} is not one of {', '.join(_COMPLETENESS)}")
        if self.token_policy is not None:
            check_policy(self.token_policy)
        _check_count("input_tokens", self.input_tokens)
        _check_count("output_tokens", self.output_tokens)
        if self.image_count is not None:
            _check_count("image_count", self.image_count)
        for name, value in self.details.items():
            _check_count(name, value)
        for problem in broken_invariants(self.input_tokens, self.output_tokens, self.details):
            raise UsageError(problem)
        object.__setattr__(self, "details", dict(self.details))
        for name in ("service_tier", "region"):
            _check_label(name, getattr(self, name))
        if not isinstance(self.batch, bool):
            raise UsageError(f"batch must be True or False, not {self.batch!r}")
        cost = self.gateway_cost
        if cost is not None and not (isinstance(cost, Decimal) and cost.is_finite() and cost >= 0):
            raise UsageError(f"gateway_cost must be a Decimal of 0 or more, not {cost!r}")

    @property
    def facts(self) -> dict[str, Any]:
        """What the event's metadata keeps: ``details``, and the terms of the call under names of their own."""
        facts: dict[str, Any] = dict(self.details)
        if self.service_tier is not None:
            facts[SERVICE_TIER] = self.service_tier
        if self.batch:
            facts[BATCH] = True
        if self.region is not None:
            facts[REGION] = self.region
        if self.gateway_cost is not None:
            facts[COST] = float(self.gateway_cost)
        return facts


def check_policy(policy: object) -> None:
    """Raise `UsageError` unless this is a token policy."""
    if policy not in NAMED_POLICIES and not callable(policy):
        raise UsageError(f"token_policy must be one of {', '.join(NAMED_POLICIES)}, or a function, not {policy!r}")


def gateway_name(provider: str) -> str:
    """Return the platform's spelling of a provider's name: ``openai`` becomes ``OPENAI``.

    Raises:
        UsageError: the platform does not take this provider; map it to one that it takes.
    """
    name = provider.upper() if isinstance(provider, str) else provider
    if name not in PROVIDERS:
        raise UsageError(
            f"provider {provider!r} is not one the platform takes: map it to one of {', '.join(PROVIDERS)}"
        )
    return name


def _check_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"{name} must be a whole number, not {value!r}")
    if not 0 <= value <= MAX_SAFE_INTEGER:
        shown = (
            value if abs(value) < 10**30 else "a number beyond all measure"
        )  # Python writes no more than 4,300 digits
        raise UsageError(f"{name} must be between 0 and 2**53-1, not {shown}")


def _check_label(name: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not 0 < len(value) <= MAX_LABEL or not value.isprintable():
        raise UsageError(f"{name} must be a short text, not {value!r}")
