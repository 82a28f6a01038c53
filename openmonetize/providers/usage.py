"""The usage of one provider call, in the terms that the platform bills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Optional, get_args

from openmonetize._arguments import explained
from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize.events.providers import PROVIDERS
from openmonetize.exceptions import ApiValueError
from openmonetize.providers.otel import broken_invariants

Completeness = Literal["exact", "partial", "estimated"]

_COMPLETENESS = get_args(Completeness)


class UsageError(ApiValueError):
    """A response has no usage, an unknown shape, or counts that cannot be true."""


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
            was cut; ``estimated``: a rough estimate, see ``StreamMeter``.

    Raises:
        UsageError: a field is missing, not a whole number, negative, or a part exceeds its total.
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

    def __post_init__(self) -> None:
        if self.provider not in PROVIDERS:
            raise UsageError(
                f"provider {self.provider!r} is not one the platform takes: use one of {', '.join(PROVIDERS)}"
            )
        if not isinstance(self.model, str) or not self.model:
            raise UsageError("the response does not name its model: pass model=")
        if self.completeness not in _COMPLETENESS:
            raise UsageError(f"completeness {self.completeness!r} is not one of {', '.join(_COMPLETENESS)}")
        _check_count("input_tokens", self.input_tokens)
        _check_count("output_tokens", self.output_tokens)
        if self.image_count is not None:
            _check_count("image_count", self.image_count)
        for name, value in self.details.items():
            _check_count(name, value)
        for problem in broken_invariants(self.input_tokens, self.output_tokens, self.details):
            raise UsageError(problem)
        object.__setattr__(self, "details", dict(self.details))


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
        raise UsageError(f"{name} must be between 0 and 2**53-1, not {value}")
