"""What can go wrong with the files themselves."""

from __future__ import annotations

from openmonetize.exceptions import OpenApiException


class FilesError(OpenApiException):
    """A usage file cannot be read, or a file beside it cannot be written; the text says which and why."""
