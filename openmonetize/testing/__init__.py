"""Fixtures for pytest, found by themselves once the library is installed; see `openmonetize.testing.plugin`."""
