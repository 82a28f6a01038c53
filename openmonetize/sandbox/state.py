"""The state of a running sandbox that its handlers share."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from openmonetize.pricing import PriceBook
from openmonetize.sandbox.clock import Clock
from openmonetize.sandbox.database import Database
from openmonetize.sandbox.fates import FateSource
from openmonetize.sandbox.grant_races import GrantRaces
from openmonetize.sandbox.validation.rules import AJV, ZOD, Rules

CURRENT_ERA = "current"
SEED_ERA = "seed"


@dataclass(frozen=True)
class Settings:
    """The settings of a sandbox that do not change while it runs."""

    era: str
    mode: str
    defects: frozenset[str]
    book: PriceBook
    accounts: str
    rate_limit: int | None
    quota: Mapping[str, int | None]
    processing_delay: float
    processing_rate: float | None


class State:
    """Database, clock and settings; one for each sandbox.

    Args:
        settings: of the sandbox.
        database: of the sandbox.
        fates: says which events are not billed as they should be.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        fates: FateSource,
    ) -> None:
        self.settings = settings
        self.db = database
        self.fates = fates
        self.clock = Clock(database.value("SELECT offset FROM clock") or 0, self._keep_offset)
        self.grant_races = GrantRaces()
        self.started = time.monotonic()

    def _keep_offset(self, offset: int) -> None:
        """Store the clock's offset, since the times of everything else that is stored are the clock's."""
        with self.db.lock:
            if not self.db.closed:
                self.db.execute("INSERT OR REPLACE INTO clock (one, offset) VALUES (1, ?)", (offset,))

    @property
    def seed_era(self) -> bool:
        """Whether this is the platform's first release."""
        return self.settings.era == SEED_ERA

    @property
    def rules(self) -> Rules:
        """How this era's gateway validates."""
        return AJV if self.seed_era else ZOD

    def has(self, defect: str) -> bool:
        """Return whether the sandbox has a defect of the present servers."""
        return defect in self.settings.defects


def new_id() -> str:
    """Return a random UUID."""
    return str(uuid.uuid4())
