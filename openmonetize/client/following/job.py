"""A job that is followed, and its form in a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Optional, Union, cast

from openmonetize.providers.jobs import JobName
from openmonetize.providers.later_usage import Reading
from openmonetize.providers.usage import TokenPolicy

FORMAT = 1

# One user, or users by the name that each request of a batch has (``custom_id``).
Users = Union[str, Mapping[str, str], None]


@dataclass(frozen=True)
class Job:
    """A job that is followed. It has no key, neither the provider's nor the platform's.

    Attributes:
        library, kind, id: see `JobName`.
        server: host and port of the provider.
        base_url, fingerprint: the platform's URL, and a digest of the key that the usage is recorded under.
        followed_at: since when it is followed, in seconds since 1970.
        feature_id, user_id, metadata: go into the events.
        provider, model, token_policy: see `usage_from`.
        poll_interval: the least seconds from one look to the next.
    """

    library: str
    kind: str
    id: str
    server: str
    base_url: str
    fingerprint: str
    followed_at: float
    feature_id: Optional[str] = None
    user_id: Users = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    provider: Optional[str] = None
    model: Optional[str] = None
    token_policy: Optional[str] = None
    poll_interval: float = 15.0

    @property
    def name(self) -> JobName:
        """The job, as its provider names it."""
        return JobName(self.library, self.kind, self.id)

    @property
    def key(self) -> str:
        """What tells it from other jobs of this and other accounts, as the name of a file."""
        return key_of(self.base_url, self.fingerprint, self.library, self.server, self.id)

    @property
    def reading(self) -> Reading:
        """How its usage is to be billed."""
        host = self.server.rpartition(":")[0] if self.server.rpartition(":")[2].isdigit() else self.server
        return Reading(host.strip("[]"), self.provider, self.model, cast(Optional[TokenPolicy], self.token_policy))

    def user_of(self, custom_id: str | None) -> str | None:
        """Return the user of one of its answers."""
        if isinstance(self.user_id, Mapping):
            return self.user_id.get(custom_id or "")
        return self.user_id

    def to_json(self) -> bytes:
        """Return it as it is written."""
        return json.dumps({"format": FORMAT, **asdict(self)}, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Job:
        """Return a job as it was written.

        Raises:
            ValueError: it is of a later format, or damaged.
        """
        try:
            values = json.loads(content)
            if values.pop("format") != FORMAT:
                raise ValueError("a later format")
            known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
            return cls(**known)
        except (TypeError, AttributeError, KeyError) as error:
            raise ValueError(f"damaged: {error}") from None


def key_of(base_url: str, fingerprint: str, library: str, server: str, identifier: str) -> str:
    """Return what `Job.key` is."""
    text = "\n".join((base_url, fingerprint, library, server, identifier))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
