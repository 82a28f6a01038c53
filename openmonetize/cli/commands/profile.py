"""``openmonetize profile``: accounts with a name, and their keys."""

from __future__ import annotations

import sys

import click

from openmonetize._http.redaction import Secret
from openmonetize.cli import profiles
from openmonetize.cli.errors import CommandError
from openmonetize.cli.options import Group, add_common_options, output
from openmonetize.cli.outboxes import shown_place
from openmonetize.cli.session import Session
from openmonetize.cli.tables import Column, Output

_COLUMNS = (
    Column("name", "profile"),
    Column("default", "default"),
    Column("base_url", "platform"),
    Column("has_key", "key"),
    Column("outbox", "outbox", optional=1),
)


@click.group(cls=Group)
def command() -> None:
    """Name accounts, with their keys, for --profile."""


add_common_options(command)


@command.command(name="list")
@output()
def list_profiles(session: Session, out: Output) -> None:
    """List the profiles."""
    default = profiles.default_name()
    rows = []
    for name in profiles.names():
        profile = profiles.load(name)
        rows.append(
            {
                "name": name,
                "default": name == default,
                "base_url": profile.base_url,
                "has_key": profile.key is not None,
                "outbox": None if profile.outbox is None else shown_place(profile.outbox),
            }
        )
    out.table(_COLUMNS, rows, notes=[f"in {profiles.path()}"], empty="no profiles")


@command.command()
@click.argument("name")
@click.option("--url", metavar="URL", help="The platform's URL. Default: the hosted platform.")
@click.option("--keyring", is_flag=True, help="Keep the key in the operating system's keyring, not in the file.")
def add(session: Session, name: str, url: str | None, keyring: bool) -> None:
    """Add an account. The key is asked for, or read from the standard input."""
    if sys.stdin.isatty():
        key = Secret(click.prompt("API key", hide_input=True, err=True))
    else:
        key = Secret(sys.stdin.readline().strip())
    if not key.value:
        raise CommandError("no API key on the standard input")
    from openmonetize._http.configuration import Configuration

    Configuration(host=url, api_key={"bearerAuth": key.value}, allow_http=True).key()  # refuses what cannot be sent
    print(f"profile {name!r} added to {profiles.add(name, key, base_url=url, use_keyring=keyring)}")


@command.command()
@click.argument("name")
def remove(session: Session, name: str) -> None:
    """Remove an account, its key in the keyring too."""
    print(f"profile {name!r} removed from {profiles.remove(name)}")


@command.command()
def path(session: Session) -> None:
    """Print the path of the configuration file."""
    print(profiles.path())
