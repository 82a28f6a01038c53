"""The following part of `OpenMonetize`: which jobs are followed, and how their usage is recorded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from openmonetize._http.configuration import Configuration, seconds
from openmonetize._http.redaction import Secret
from openmonetize.client.context import EMPTY
from openmonetize.client.following.follower import Follower, make_store
from openmonetize.client.following.job import Job, Users
from openmonetize.client.recording import Recording
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.providers.jobs import Line, job_client, job_named, server_of
from openmonetize.providers.policy import checked_policy
from openmonetize.providers.usage import TokenPolicy, gateway_name

# Metadata keys: the provider's id of the job, and the caller's own name of a request in a batch.
JOB_KEY = "job_id"
CUSTOM_ID_KEY = "custom_id"


class Following:
    """Follows jobs of providers.

    Args:
        recording: records their usage.
        configuration: says under which account.
        outbox: the directory or the database that keeps the jobs; of None for memory.
        durability: of the outbox.
    """

    def __init__(
        self,
        recording: Recording,
        configuration: Configuration,
        outbox: Secret,
        durability: str,
    ) -> None:
        self._recording = recording
        self._configuration = configuration
        self.follower = Follower(make_store(outbox, durability), self._record, recording.warnings, self._account)

    def follow(
        self,
        job: Any,
        client: Any,
        *,
        feature_id: str | None,
        user_id: Users,
        metadata: Mapping[str, Any] | None,
        provider: str | None,
        model: str | None,
        token_policy: TokenPolicy | None,
        poll_interval: float,
    ) -> str:
        """Follow a job; see `OpenMonetize.follow`."""
        name = job_named(job)
        looking, library, server = job_client(client, name.library)
        if callable(token_policy):
            raise ApiTypeError(
                "token_policy of a followed job must be the name of one: a function is lost at a restart"
            )
        scope = self._recording.scope.get() or EMPTY
        users: Users = None
        if isinstance(user_id, Mapping):
            users = {
                _name(custom_id): EMPTY.nested(user, None, None).fill(None, None, None)[0]
                for custom_id, user in user_id.items()
            }
            user_id = None
        user, feature, facts = scope.nested(user_id, feature_id, metadata).fill(None, None, None)
        if feature is None:
            raise ApiTypeError(
                "feature_id is missing: pass it, or set it for a block with `with om.context(feature_id=...)`"
            )
        base_url, fingerprint = self._account()
        self.follower.follow(
            Job(
                library=library,
                kind=name.kind,
                id=name.id,
                server=server,
                base_url=base_url,
                fingerprint=fingerprint,
                followed_at=time.time(),
                feature_id=feature,
                user_id=user if users is None else users,
                metadata=facts or {},
                provider=None if provider is None else gateway_name(provider),
                model=model,
                token_policy=checked_policy(token_policy),  # type: ignore[arg-type]
                poll_interval=seconds("poll_interval", poll_interval),
            ),
            looking,
        )
        self._recording.warnings.job_taken(name.id)
        return name.id

    def resume(self, client: Any) -> int:
        """Go on with the jobs of a client's server; see `OpenMonetize.resume_following`."""
        return self.follower.use(*job_client(client))

    def follows(self, client: Any, identifier: str) -> bool:
        """Return whether a job of a client's server is or was followed."""
        return self.follower.knows(*server_of(client), identifier)

    def _account(self) -> tuple[str, str]:
        return self._configuration.host, self._configuration.account_fingerprint()

    def _record(self, job: Job, line: Line, at: datetime | None) -> None:
        facts: dict[str, Any] = {JOB_KEY: job.id}
        if line.custom_id:
            facts[CUSTOM_ID_KEY] = line.custom_id
        try:
            self._recording.record_usage(
                line.usage,
                user_id=job.user_of(line.custom_id),
                feature_id=job.feature_id,
                metadata={**facts, **job.metadata},
                timestamp=at,
            )
        except (ApiTypeError, ApiValueError) as error:  # It can never be billed, however often it is tried.
            self._recording.warnings.unmetered(f"an answer of {job.kind} {job.id}", error)


def _name(custom_id: Any) -> str:
    if not isinstance(custom_id, str):
        raise ApiTypeError(f"a key of user_id must be the custom_id of a request of the batch, not {custom_id!r}")
    return custom_id
