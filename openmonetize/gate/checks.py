"""The question and the answer of an entitlement check."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from typing_extensions import Literal, TypedDict

from openmonetize._arguments import refuse_unknown, wrong_text
from openmonetize._schema.shown import facts_html
from openmonetize.events.providers import PROVIDERS
from openmonetize.exceptions import ApiTypeError, ApiValueError, OpenApiException
from openmonetize.pricing.model_names import ModelNames

if TYPE_CHECKING:
    from openmonetize.models.v1_entitlements_check_post_request import V1EntitlementsCheckPostRequest

OnOutage = Literal["allow", "deny"]


class Question(NamedTuple):
    """The question of a check. Equal questions share a cached answer.

    Attributes:
        user_id: the user who wants to use the feature.
        feature_id: the feature.
        action: kind of work: token_usage, image_generation, video_generation, api_call or custom.
        provider: the gateway's name of the provider.
        model: the model, as the platform prices it.
        input_tokens: expected number of tokens read.
        output_tokens: expected number of tokens written.
        image_count: expected number of images.
        seconds: expected length of a video.
    """

    user_id: str
    feature_id: str
    action: str = "token_usage"
    provider: Optional[str] = None
    model: Optional[str] = None
    input_tokens: Optional[int] = None
    output_tokens: Optional[int] = None
    image_count: Optional[int] = None
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
    """The answer to a check. It is true if the user may go ahead.

    Attributes:
        allowed: whether the user may go ahead.
        reason: why not, or a warning; None if there is neither.
        estimated_credits: the expected cost in whole credits; None if the platform has no price.
        estimated_usd: the same in US dollars, as the provider's cost.
        balance: credits in the user's wallet; None without one.
        actions: remedies to offer.
        source: ``platform``, ``cache`` (the platform's answer of a few seconds ago), ``outage`` (the platform did
            not answer: the policy decided), ``holds`` (a reservation: the balance has too little that is not held or
            used already), or ``disabled``.
    """

    allowed: bool
    reason: Optional[str] = None
    estimated_credits: Optional[int] = None
    estimated_usd: Optional[Decimal] = None
    balance: Optional[int] = None
    actions: tuple[Remedy, ...] = ()
    source: str = "platform"

    def __bool__(self) -> bool:
        return self.allowed

    def _repr_html_(self) -> str:
        remedies = "; ".join(remedy.label or remedy.type or "" for remedy in self.actions)
        return facts_html("CheckResult", {**self._asdict(), "actions": remedies or None})


class EntitlementDenied(OpenApiException):
    """A user may not use a feature now.

    Attributes:
        check: the whole answer, with the reason, the balance and the remedies.
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
    """What a use is expected to take; all of it is optional. Without it a check looks at balance and limits only.

    ``action``: kind of work; by default it follows from the rest.
    ``provider`` and ``model``: what is going to be used.
    ``input_tokens``, ``output_tokens``: expected number of tokens read and written.
    ``image_count``: expected number of images.
    ``seconds``: expected length of a video.
    """

    action: Literal["token_usage", "image_generation", "video_generation", "api_call", "custom"]
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    image_count: int
    seconds: float


def require_policy(on_outage: Any) -> None:
    """Raise `ApiValueError` for anything but the two policies for outages."""
    if on_outage not in ("allow", "deny"):
        raise ApiValueError(f"on_outage must be 'allow' or 'deny', not {on_outage!r}")


def make_question(
    user_id: str | None, feature_id: str | None, estimate: Mapping[str, Any], names: ModelNames
) -> Question:
    """Return the question for the arguments of a check.

    Args:
        user_id: the user who wants to use the feature.
        feature_id: the feature.
        estimate: see `Estimate`.
        names: the names under which the platform prices models.

    Raises:
        ApiTypeError, ApiValueError: something is missing, or the platform could not answer the question.
    """
    refuse_unknown("a check", estimate, ("feature_id", "user_id", "on_outage", *Estimate.__annotations__))
    for name, value in (("user_id", user_id), ("feature_id", feature_id)):
        if value is None:
            raise ApiTypeError(f"{name} is missing: pass it, or set it for a block with `with om.context({name}=...)`")
        if not isinstance(value, str):
            raise wrong_text(name, value)
        if not value:
            raise ApiValueError(f"{name} must not be empty")
    asked = dict(estimate)
    for name in ("input_tokens", "output_tokens", "image_count", "seconds"):
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
        asked["action"] = _action_for(asked)
    assert user_id is not None and feature_id is not None
    return Question(user_id, feature_id, **asked)


def _action_for(estimate: Mapping[str, Any]) -> str:
    if estimate.get("image_count") is not None:
        return "image_generation"
    return "token_usage" if estimate.get("seconds") is None else "video_generation"


def check_request(question: Question) -> V1EntitlementsCheckPostRequest:
    """Return the request that asks the platform a question.

    Raises:
        ApiValueError: the platform knows no such action.
    """
    from openmonetize.models.v1_entitlements_check_post_request import V1EntitlementsCheckPostRequest

    action = {
        "type": question.action,
        "provider": question.provider,
        "model": question.model,
        "estimated_input_tokens": question.input_tokens,
        "estimated_output_tokens": question.output_tokens,
        "estimated_count": question.image_count,
        "estimated_duration_seconds": question.seconds,
    }
    return V1EntitlementsCheckPostRequest.from_dict(
        {
            "userId": question.user_id,
            "featureId": question.feature_id,
            "action": {name: value for name, value in action.items() if value is not None},
        }
    )
