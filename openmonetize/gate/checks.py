"""The question and the answer of an entitlement check."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional, Tuple

from typing_extensions import Literal, TypedDict

from openmonetize.events.fields import PROVIDERS
from openmonetize.exceptions import ApiTypeError, ApiValueError, OpenApiException

if TYPE_CHECKING:
    from openmonetize.pricing.model_names import ModelNames

OnOutage = Literal["allow", "deny"]


class Question(NamedTuple):
    """What a check asks. Equal questions share an answer for a moment.

    Attributes:
        user_id: who wants to use something.
        feature_id: what.
        action: kind of work: token_usage, image_generation, video_generation, api_call or custom.
        provider: the gateway's name of the provider.
        model: the model, as the platform prices it.
        input_tokens: expected, in tokens.
        output_tokens: expected, in tokens.
        images: expected number of images.
        seconds: expected length of a video.
    """

    user_id: str
    feature_id: str
    action: str = "token_usage"
    provider: Optional[str] = None
    model: Optional[str] = None
    input_tokens: Optional[int] = None
    output_tokens: Optional[int] = None
    images: Optional[int] = None
    seconds: Optional[float] = None


class Remedy(NamedTuple):
    """Something that a user can do about a denial. What the platform does not say is None.

    Attributes:
        type: create_wallet, purchase or upgrade.
        label: text for a button.
        url: path of a page of the platform's dashboard; no API route.
    """

    type: Optional[str]
    label: Optional[str]
    url: Optional[str]


class CheckResult(NamedTuple):
    """The answer to a check; true where the user may go ahead.

    Attributes:
        allowed: whether the user may go ahead.
        reason: why not, or a warning; None where there is nothing to say.
        estimated_credits: what it is expected to cost, in whole credits; None where the platform has no price.
        estimated_usd: the same in US dollars, as the provider's cost.
        balance: credits in the user's wallet; None without one.
        actions: remedies to offer.
        source: ``platform``, ``cache`` (its answer of a moment ago), ``outage`` (it did not answer: the policy
            decided), or ``disabled``.
    """

    allowed: bool
    reason: Optional[str] = None
    estimated_credits: Optional[int] = None
    estimated_usd: Optional[Decimal] = None
    balance: Optional[int] = None
    actions: Tuple[Remedy, ...] = ()
    source: str = "platform"

    def __bool__(self) -> bool:
        return self.allowed


class EntitlementDenied(OpenApiException):
    """A user may not go ahead.

    Attributes:
        check: the whole answer, with the reason, the balance and what to offer.
        question: what was asked.
    """

    def __init__(self, check: CheckResult, question: Question) -> None:
        super().__init__(
            f"user {question.user_id!r} may not use {question.feature_id!r}: {check.reason or 'no reason given'}"
        )
        self.check = check
        self.question = question

    def __reduce__(self) -> Any:
        return type(self), (self.check, self.question)


class Estimate(TypedDict, total=False):
    """What a use is expected to take; all of it optional. Without it a check looks at balance and limits only.

    ``action``: kind of work; follows from the rest by default.
    ``provider`` and ``model``: what would be used.
    ``input_tokens``, ``output_tokens``: expected tokens.
    ``images``: expected number of images.
    ``seconds``: expected length of a video.
    """

    action: Literal["token_usage", "image_generation", "video_generation", "api_call", "custom"]
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    images: int
    seconds: float


def require_policy(on_outage: Any) -> None:
    """Refuse anything but the two policies for outages."""
    if on_outage not in ("allow", "deny"):
        raise ApiValueError(f"on_outage must be 'allow' or 'deny', not {on_outage!r}")


def question(
    user_id: Optional[str], feature_id: Optional[str], estimate: Mapping[str, Any], names: ModelNames
) -> Question:
    """Make a question of what the caller says.

    Args:
        user_id: who wants to use something.
        feature_id: what.
        estimate: see `Estimate`.
        names: turns a model's name into the one that the platform prices.

    Raises:
        ApiTypeError, ApiValueError: something is missing, or the platform could not answer it.
    """
    for name, value in (("user_id", user_id), ("feature_id", feature_id)):
        if value is None:
            raise ApiTypeError(f"{name} is missing: pass it, or set it for a block with `with om.context({name}=...)`")
        if not isinstance(value, str) or not value:
            raise ApiValueError(f"{name} must be a text that is not empty, not {value!r}")
    unknown = set(estimate) - set(Estimate.__annotations__)
    if unknown:
        raise ApiTypeError(f"unknown argument {unknown.pop()!r}: an estimate has {', '.join(Estimate.__annotations__)}")
    asked = dict(estimate)
    for name in ("input_tokens", "output_tokens", "images", "seconds"):
        value = asked.get(name)
        numbers = (int, float) if name == "seconds" else int
        if value is not None and (isinstance(value, bool) or not isinstance(value, numbers) or value < 0):
            raise ApiValueError(f"{name} must be a number of at least 0, not {value!r}: the platform would ignore it")
    provider, model = asked.get("provider"), asked.get("model")
    if provider is not None:
        asked["provider"] = provider = provider.upper() if isinstance(provider, str) else provider
        if provider not in PROVIDERS:
            raise ApiValueError(f"provider must be one of {', '.join(PROVIDERS)}, not {estimate['provider']!r}")
        if model is not None:
            asked["model"] = names.find(provider, model).model
    if asked.get("action") is None:
        asked["action"] = _kind(asked)
    assert user_id is not None and feature_id is not None
    return Question(user_id, feature_id, **asked)


def _kind(asked: Mapping[str, Any]) -> str:
    if asked.get("images") is not None:
        return "image_generation"
    return "token_usage" if asked.get("seconds") is None else "video_generation"


def request(question: Question) -> Any:
    from openmonetize.models.v1_entitlements_check_post_request import V1EntitlementsCheckPostRequest

    action = {
        "type": question.action,
        "provider": question.provider,
        "model": question.model,
        "estimated_input_tokens": question.input_tokens,
        "estimated_output_tokens": question.output_tokens,
        "estimated_count": question.images,
        "estimated_duration_seconds": question.seconds,
    }
    return V1EntitlementsCheckPostRequest.from_dict(
        {
            "userId": question.user_id,
            "featureId": question.feature_id,
            "action": {name: value for name, value in action.items() if value is not None},
        }
    )
