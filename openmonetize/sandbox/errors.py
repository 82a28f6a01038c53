"""Errors of the sandbox as an object."""

from __future__ import annotations

from openmonetize.exceptions import OpenApiException


class SandboxStateError(OpenApiException, RuntimeError):
    """The sandbox runs already, or it is not running."""


class SandboxAddressError(OpenApiException, OSError):
    """The sandbox cannot listen on its address: the port is taken, or the host is not this machine's."""


class SandboxDataError(OpenApiException, OSError):
    """A file that the sandbox is to start with is not there."""
