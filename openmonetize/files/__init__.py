"""Usage files become events: logs, exports and traces, each row billed once however often it is given."""

from __future__ import annotations
