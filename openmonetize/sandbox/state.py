"""What a running sandbox is made of, and what its handlers share."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import FrozenSet, Mapping, Optional

from openmonetize.pricing import PriceBook
from openmonetize.sandbox.billing.grant_races import Races
from openmonetize.sandbox.clock import Clock
from openmonetize.sandbox.database import Database
from openmonetize.sandbox.validation import validation_messages as validation_messages
from openmonetize.sandbox.validation.issues import Rules

CURRENT = "current"
SEED = "seed"


@dataclass(frozen=True)
class Settings:
    """The switches of a sandbox that stay as they are while it runs."""

    era: str
    mode: str
    defects: FrozenSet[str]
    book: PriceBook
    accounts: str
    rate_limit: Optional[int]
    quota: Mapping[str, Optional[int]]
    processing_delay: float


class State:
    """Database, clock and settings; one for each sandbox."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.db = database
        self.clock = Clock()
        self.races = Races()
        self.started = time.monotonic()

    @property
    def seed_era(self) -> bool:
        return self.settings.era == SEED

    @property
    def rules(self) -> Rules:
        """How this era's gateway validates."""
        return validation_messages.AJV if self.seed_era else validation_messages.ZOD

    def has(self, defect: str) -> bool:
        return defect in self.settings.defects


def new_id() -> str:
    return str(uuid.uuid4())
