"""Metering: record usage events with one call, and have them delivered, exactly once, in the background."""

from __future__ import annotations

from openmonetize.metering.errors import BufferFull, MeteringError, OutboxError
from openmonetize.metering.incidents import Delivered, Incident
from openmonetize.metering.recorder import Recorder
from openmonetize.metering.results import (
    BillingResult,
    DeadLetter,
    Finding,
    FlushResult,
    OtherAccount,
    Stats,
    VerifyReport,
)
from openmonetize.metering.serverless import flush_after

__all__ = [
    "BillingResult",
    "BufferFull",
    "DeadLetter",
    "Delivered",
    "Finding",
    "FlushResult",
    "Incident",
    "MeteringError",
    "OtherAccount",
    "OutboxError",
    "Recorder",
    "Stats",
    "VerifyReport",
    "flush_after",
]
