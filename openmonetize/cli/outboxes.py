"""The outbox that a command is about: where it is, and what reads it."""

from __future__ import annotations

import json
from typing import Any

from openmonetize._http.redaction import Secret
from openmonetize._stores.opening import is_postgres
from openmonetize.cli.outbox_reader import OutboxReader
from openmonetize.exceptions import OpenApiException
from openmonetize.metering.buffers.base import Account

OUTBOX_VARIABLE = "OPENMONETIZE_OUTBOX"


def open_reader(place: Secret) -> OutboxReader:
    """Return what reads an outbox.

    Args:
        place: its directory, or the URL of its database.

    Raises:
        CommandError: there is none.
        ApiValueError, MissingExtraError, OutboxError: its database cannot be used.
    """
    if is_postgres(place):
        from openmonetize.cli.outbox_database import DatabaseReader

        return DatabaseReader(place)
    from openmonetize.cli.outbox_directory import DirectoryReader

    return DirectoryReader(place.value)


def shown_place(place: Secret) -> str:
    """Return where an outbox is, without a password."""
    if not is_postgres(place):
        return str(place.value)
    from openmonetize._stores.postgres_connections import PostgresConnections
    from openmonetize.metering.errors import OutboxError

    try:
        return PostgresConnections(place, "outbox", OutboxError, timeout=1.0).place
    except OpenApiException:  # what reads it is not installed, or it cannot be read
        return "postgresql://..."


def recorded_by(account: Account, reader: OutboxReader) -> tuple[list[Any], int]:
    """Return what an account has recorded; raises as the reader does.

    Args:
        account: the account. Other keys of its customer are taken for the same, as far as it was noted whose they are.
        reader: of the outbox.

    Returns:
        Kept events, as they were sent, and dead letters; and of how many other accounts there are events.
    """
    parts = reader.contents().parts
    owner = {part.account: part.customer_id for part in parts}.get(account)
    own, others = [], 0
    for part in parts:
        same = owner is not None and (part.account.base_url, part.customer_id) == (account.base_url, owner)
        if same or part.account == account:
            own.append(part.account)
        elif part.stats.tracked:
            others += 1
    events: list[Any] = [*map(json.loads, reader.kept(own)), *reader.dead_letters(own)]
    return events, others
