"""The base class of the providers' response formats, and what is read from a response."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple


class Counts(NamedTuple):
    """A usage block in numbers.

    Attributes:
        input_tokens: the provider's own input field, in tokens.
        output_tokens: the provider's own output field, in tokens.
        details: OpenTelemetry names to whole numbers.
    """

    input_tokens: int
    output_tokens: int
    details: dict[str, int]


class Terms(NamedTuple):
    """What a usage block says of the terms on which a call is charged.

    Attributes:
        service_tier: the provider's own name of it.
        region: where the model ran.
        gateway_cost: what a gateway says the call has cost, in US dollars.
    """

    service_tier: str | None = None
    region: str | None = None
    gateway_cost: Decimal | None = None


@dataclass
class ResponseReading:
    """What is known of a response: everything of a whole one, or what the chunks of a stream have said so far."""

    response_id: str | None = None
    model: str | None = None
    usage: Any = None  # the provider's own usage block, merged over the chunks of a stream
    ended: bool = False  # the model has finished writing (the usage may still be to come)
    finished: bool = False  # the usage is the provider's final one
    image_count: int | None = None
    image_size: str | None = None
    image_quality: str | None = None
    service_tier: str | None = None  # where it is told outside of the usage block
    tools: dict[str, int] = field(default_factory=dict)  # likewise: OpenTelemetry names to numbers of calls
    later_id: str | None = None  # of an answer that may be read again later, see `Usage`
    estimating: bool = False  # whether anybody wants the characters
    output_characters: int = 0  # visible text of a stream, for estimates only


class Dialect:
    """One provider's response format, whole and streamed.

    Attributes:
        provider: the gateway's name of the provider; None where the user has to name one.
        unnamed: what to say where nobody has named one.
        bulky: whether whole answers are large, with data that tells nothing of the usage.
        estimable: whether the text of a stream that was cut tells anything about its cost.
    """

    provider: str | None = None
    unnamed = "AWS Bedrock is not a provider the platform takes: pass provider= and model= to bill under"
    bulky = False
    estimable = True

    def read(self, response: Any) -> ResponseReading:
        """Return the id, model and usage block of a whole response."""
        raise NotImplementedError

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        """Merge one chunk of a stream into what is known."""
        raise NotImplementedError

    def is_mere_text(self, event: bytes) -> bool:
        """Return whether a server-sent event has nothing but a piece of the answer, so that it need not be decoded.

        Libraries take 20 to 90 µs for each event; decoding all of them again would add a third.
        """
        return False

    def says_final(self, chunk: Any) -> bool:
        """Return whether a chunk ends a part of the answer, so that the usage may come next.

        Libraries parse the part when they see such a chunk, and where that raises they read no further.
        """
        return False

    def counts(self, usage: Any) -> Counts:
        """Return a usage block in numbers.

        Raises:
            UsageError: the block has none of this provider's counters, or one that is not a whole number.
        """
        raise NotImplementedError

    def terms(self, usage: Any) -> Terms:
        """Return what a usage block says of the terms on which the call is charged."""
        return Terms()
