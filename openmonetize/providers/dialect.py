"""The common ground of the provider files: what is read from a response, and the steps that differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, NamedTuple, Optional


class Counts(NamedTuple):
    """A usage block in numbers: the provider's own input and output fields (tokens), and OpenTelemetry
    details.
    """

    input_tokens: int
    output_tokens: int
    details: Dict[str, int]


@dataclass
class ResponseReading:
    """What is known of a response: all of a whole one, or as much as a stream has said so far."""

    response_id: Optional[str] = None
    model: Optional[str] = None
    usage: Any = None  # the provider's own usage block, merged over the chunks of a stream
    ended: bool = False  # the model has finished writing (the usage may still be to come)
    finished: bool = False  # the usage is the provider's last word
    image_count: Optional[int] = None
    image_size: Optional[str] = None
    image_quality: Optional[str] = None
    output_characters: int = 0  # visible text of a stream, for estimates only


class Dialect:
    """How one provider writes its responses. ``provider`` is the gateway name; None means that the user must
    say.
    """

    provider: Optional[str] = None
    #: Does text tell anything about what a cut stream cost?
    estimable = True

    def read(self, response: Any) -> ResponseReading:
        """Find id, model and usage block in a whole response."""
        raise NotImplementedError

    def feed(self, answer: ResponseReading, chunk: Any) -> None:
        """Merge one chunk of a stream into what is known."""
        raise NotImplementedError

    def counts(self, usage: Any) -> Counts:
        """Turn a usage block into numbers.

        Raises:
            UsageError: the block has none of this provider's counters, or one that is not a whole number.
        """
        raise NotImplementedError
