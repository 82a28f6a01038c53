"""Calls of frameworks with and without their adapters, a module for each environment of `nox -s frameworks`."""
