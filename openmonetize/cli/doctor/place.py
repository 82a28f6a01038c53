"""This machine: versions, the configuration file, the outbox."""

from __future__ import annotations

import platform
import ssl
from collections.abc import Iterator
from importlib import metadata

from openmonetize._http.redaction import Secret
from openmonetize._version import __version__
from openmonetize.cli import outboxes, profiles
from openmonetize.cli.doctor.finding import FAILURE, INFO, OK, WARNING, Finding
from openmonetize.cli.errors import CommandError, line_and_code
from openmonetize.exceptions import OpenApiException

_MAX_AGE = 3600.0  # seconds that an event waits before something is wrong
_PACKAGES = ("urllib3", "pydantic")


def versions() -> Finding:
    """Return the versions of what takes part."""
    packages = [f"{name} {metadata.version(name)}" for name in _PACKAGES]
    texts = [f"openmonetize {__version__}", f"Python {platform.python_version()}", *packages, ssl.OPENSSL_VERSION]
    return Finding("versions", INFO, ", ".join(texts))


def configuration_file() -> Finding:
    """Return what is found about the file of profiles."""
    file = profiles.path()
    try:
        names = profiles.names()
        if profiles.others_may_read():
            return Finding("profiles", WARNING, f"others may read the keys in {file}", f"chmod 600 {file}")
    except (CommandError, OpenApiException, OSError) as error:
        return Finding("profiles", FAILURE, line_and_code(error)[0], "correct the file, or move it away")
    return Finding("profiles", OK, f"{', '.join(names)} in {file}" if names else f"none in {file}")


def outbox(place: Secret | None) -> Iterator[Finding]:
    """Yield what is found in an outbox."""
    if place is None:
        yield Finding("outbox", INFO, "not looked at: name it with --outbox")
        return
    try:
        found = outboxes.open_reader(place).contents()
    except (CommandError, OpenApiException, OSError) as error:
        fix = "name the directory or the URL that OpenMonetize(outbox=) has"
        yield Finding("outbox", FAILURE, line_and_code(error)[0], fix)
        return
    text = f"{found.waiting:,} events wait, {found.dead:,} were refused{found.room}"
    finding = Finding("outbox", OK, text)
    if found.problem:
        finding = Finding("outbox", FAILURE, found.problem, "move the outbox to a local disk of this user's")
    elif found.oldest is not None and found.oldest > _MAX_AGE:
        hours = found.oldest / 3600
        fix = f"openmonetize outbox drain {found.path}"
        finding = Finding("outbox", WARNING, f"{text}; something waits for {hours:,.1f} hours", fix)
    elif found.dead:
        finding = Finding("outbox", WARNING, text, f"openmonetize outbox dead {found.path} says why")
    yield finding
