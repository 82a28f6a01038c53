"""Where holds are kept: the store that a setting names."""

from __future__ import annotations

import os

from openmonetize._http.redaction import Secret
from openmonetize._stores.opening import is_postgres, open_documents
from openmonetize.gate.holds.in_process import InProcessHolds
from openmonetize.gate.holds.store import HoldStore, SharedHolds

FILE_IN_OUTBOX = ".holds.sqlite3"  # the outbox leaves names with a dot alone


def open_store(holds: Secret, outbox: Secret) -> HoldStore:
    """Return the store of a setting.

    Args:
        holds: a URL of PostgreSQL or Redis, or the path of a SQLite database. None keeps holds within the outbox, or in
            memory if there is none.
        outbox: the directory or the database of the outbox, or None.

    Raises:
        MissingExtraError: the store's library is not installed.
        ApiValueError: the URL cannot be used.
    """
    if holds.value is None:
        if outbox.value is None:
            return InProcessHolds()
        holds = outbox if is_postgres(outbox) else Secret(os.path.join(outbox.value, FILE_IN_OUTBOX))
    return SharedHolds(open_documents(holds, "holds"))
