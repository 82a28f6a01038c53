"""Events' ids and owners, compared with the customer behind the key: what may meet another customer's is found here."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from openmonetize.events.key_owners import warn_of_foreign
from openmonetize.events.own_ids import may_be_derived, wire_with_account
from openmonetize.events.sent_ids import sent_ids
from openmonetize.metering.accounts import Accounts
from openmonetize.metering.billing import event_id_in, time_in
from openmonetize.metering.buffers.base import Batch
from openmonetize.metering.recent_ids import RecentIds

if TYPE_CHECKING:
    from openmonetize._http.configuration import Configuration

_LOG = logging.getLogger("openmonetize.metering")
_MAX_UNANSWERED = 50_000
# In events whose id is derived from that of a provider's answer, so that another layer may well have sent them.
_RESPONSE_ID = b'"gen_ai.response.id":'


class OwnIds:
    """Gives ids of callers' own their final form, and counts what another customer may have used as well.

    Args:
        accounts: knows the customer behind the key.
        configuration: its ``id_namespace`` is a part of ids.
        recent: the ids, given by callers, that this process has recorded.
    """

    def __init__(self, accounts: Accounts, configuration: Configuration, recent: RecentIds) -> None:
        self._accounts = accounts
        self._configuration = configuration
        self._recent = recent
        self.after_fork()

    def after_fork(self) -> None:
        """Begin to count anew, in a child process."""
        self._counts = {"foreign_customer_id": 0, "unknown_duplicate": 0}
        self._unanswered: set[str] = set()

    def counts(self) -> Mapping[str, int]:
        """Return how many events named another customer, and how many were duplicates of what was not sent here."""
        return dict(self._counts)

    def settle(self, batch: Batch) -> None:
        """Derive ids of callers' own from the customer as well, in the batch itself. Such events wait for the customer.

        Raises:
            ApiException: the platform has not said yet whose the key is, and does not say now.
        """
        if not any(map(may_be_derived, batch.wires)):
            return
        customer_id = self._accounts.require_owner()
        if customer_id is None:
            return
        namespace = self._configuration.id_namespace
        wires = [wire_with_account(wire, namespace, customer_id) for wire in batch.wires]
        for wire, settled in zip(batch.wires, wires):
            if settled is not wire:
                self._remember(settled)
        batch.wires = wires

    def _remember(self, wire: bytes) -> None:
        """Take note of an event's final id: one that is recorded from now on has it from the start."""
        event_id, moment = event_id_in(wire), time_in(wire)
        if event_id is not None and moment is not None:
            sent_ids(self._configuration).add({event_id: (hash(wire), moment)})
            self._recent.claim(event_id)

    def unanswered(self, batch: Batch) -> None:
        """Take note that the platform may have a batch, although it has not said so."""
        if len(self._unanswered) > _MAX_UNANSWERED:
            self._unanswered.clear()
        self._unanswered.update(filter(None, map(event_id_in, batch.wires)))

    def answered(self, batch: Batch, duplicates: int) -> None:
        """Count what is doubtful in a batch that the platform has taken.

        Args:
            batch: the batch.
            duplicates: how many of its events the platform had before.
        """
        customer_id = self._accounts.owner()
        if customer_id is not None:
            self._count_foreign(batch, customer_id)
        if duplicates:
            ids = {wire: event_id_in(wire) or "" for wire in batch.wires}
            sent_before = self._unanswered.intersection(ids.values())
            unsent = [
                event_id
                for wire, event_id in ids.items()
                if event_id in self._recent
                and event_id not in sent_before
                and not may_be_derived(wire)
                and _RESPONSE_ID not in wire
            ]
            count = min(max(0, duplicates - len(sent_before)), len(unsent))
            if count and not self._counts["unknown_duplicate"]:
                _LOG.warning(
                    "the platform had %d usage events before this process sent them, under the ids that you gave them: "
                    "if neither another process nor an earlier run of yours has sent them, another customer uses the "
                    "same ids, and these events are not stored; UUIDs of your own have to be unique",
                    count,
                )
            self._counts["unknown_duplicate"] += count
        if self._unanswered:
            self._unanswered.difference_update(map(event_id_in, batch.wires))

    def _count_foreign(self, batch: Batch, customer_id: str) -> None:
        own = f'"customer_id":{json.dumps(customer_id)}'.encode()
        names = [wire for wire in batch.wires if b'"customer_id":' in wire and own not in wire]
        named = [json.loads(wire).get("customer_id") for wire in names]
        foreign = [one for one in named if one and one != customer_id]
        if foreign:
            self._counts["foreign_customer_id"] += len(foreign)
            for one in set(foreign):
                warn_of_foreign(one, customer_id)
