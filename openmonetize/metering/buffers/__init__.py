"""Buffers: where recorded events wait for delivery, in memory, on disk, or in one with the other behind it."""
