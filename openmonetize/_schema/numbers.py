"""The largest whole number that a JSON reader takes without loss."""

from __future__ import annotations

# The platform reads JSON numbers as IEEE doubles, which hold every whole number up to here exactly:
# JavaScript's `Number.MAX_SAFE_INTEGER` (RFC 8259, section 6).
MAX_SAFE_INTEGER = 2**53 - 1
