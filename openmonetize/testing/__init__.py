"""Fixtures for pytest, which finds them by the installed package's entry point; see `openmonetize.testing.plugin`."""
