"""What all commands share: which account they are for, and the client of it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from openmonetize._http.redaction import Secret
from openmonetize.cli import exit_codes
from openmonetize.cli.errors import CommandError
from openmonetize.exceptions import ApiKeyError

if TYPE_CHECKING:
    from openmonetize._http.configuration import Configuration
    from openmonetize.client import OpenMonetize

_TIMEOUT = 30.0  # seconds that a command waits for an answer, retries included


class Account(NamedTuple):
    """Which account a command is for.

    Attributes:
        key: the API key, hidden; None if there is none.
        key_place: where the key was found, in words.
        base_url: the platform's URL.
        url_place: where the URL was found, in words.
        outbox: the outbox of the profile, hidden, if it names one.
    """

    key: Optional[Secret]
    key_place: str
    base_url: str
    url_place: str
    outbox: Optional[Secret]


class Session:
    """The options that every command has, and what follows from them.

    Attributes:
        profile: the name of a profile.
        base_url: the platform's URL.
        key: an API key that was given on the command line, hidden.
        debug: whether errors show their tracebacks, and requests are logged.
    """

    def __init__(self) -> None:
        self.profile: str | None = None
        self.base_url: str | None = None
        self.key: Secret | None = None
        self.debug = False
        self.command_path: str | None = None
        self._account: Account | None = None
        self._client: OpenMonetize | None = None

    @property
    def account(self) -> Account:
        """Which account the command is for.

        What is named on the command line comes first, then the environment, then the default profile. A profile's key
        is for the profile's URL: it never goes to the one of the environment.

        Raises:
            CommandError: that cannot be told.
        """
        if self._account is None:
            self._account = self._find_account()
        return self._account

    @property
    def key_place(self) -> str | None:
        """Where the key was found, in words; None if nobody has looked."""
        return None if self._account is None else self._account.key_place

    def _find_account(self) -> Account:
        from openmonetize._http.configuration import API_KEY_VARIABLE, BASE_URL_VARIABLE, DEFAULT_HOST
        from openmonetize.cli import profiles

        environment = Secret(os.environ.get(API_KEY_VARIABLE) or None)
        name = self.profile
        if name is None and self.key is None and not environment.value:
            name = profiles.default_name()
        url, url_place = self.base_url, "--base-url"
        if name is not None:
            profile = profiles.load(name)
            elsewhere = os.environ.get(BASE_URL_VARIABLE)
            if self.profile is None and url is None and elsewhere and elsewhere != profile.base_url:
                raise CommandError(
                    f"{BASE_URL_VARIABLE} is set and {API_KEY_VARIABLE} is not: the key of profile {name!r} is not for "
                    f"that URL; set both, or use --profile {name}",
                    exit_codes.KEY,
                )
            key, key_place, outbox = profile.key, profile.key_place, profile.outbox
            if url is None:
                url, url_place = profile.base_url, f"profile {name!r}"
        else:
            key, key_place, outbox = environment if environment.value else None, API_KEY_VARIABLE, None
            if url is None:
                url, url_place = os.environ.get(BASE_URL_VARIABLE) or None, BASE_URL_VARIABLE
        if self.key is not None:
            key, key_place = self.key, "the command line"
        if url is None:
            url, url_place = DEFAULT_HOST, "the default"
        return Account(key, key_place, url, url_place, outbox)

    def configuration(self) -> Configuration:
        """Return the settings of calls, which have the key.

        Raises:
            CommandError: there is no key.
        """
        from openmonetize._http.configuration import API_KEY_VARIABLE

        account = self.account
        if account.key is None:
            raise CommandError(
                f"no API key: set {API_KEY_VARIABLE}, or make a profile with `openmonetize profile add`",
                exit_codes.KEY,
                "openmonetize sandbox serves the API on this machine, no account needed",
            )
        return self._configuration(account.base_url, account.key)

    def configurations(self, keys: Mapping[str, Secret]) -> list[tuple[str, Configuration]]:
        """Return the settings of several keys, by the names of their accounts.

        They are for the URL that is named on the command line, by the profile that is, or by the environment.

        Raises:
            CommandError: a key cannot be used.
        """
        from openmonetize._http.configuration import BASE_URL_VARIABLE
        from openmonetize.cli import profiles

        url = self.base_url or (
            profiles.load(self.profile).base_url if self.profile else os.environ.get(BASE_URL_VARIABLE)
        )
        return [(name, self._checked(name, url, key)) for name, key in keys.items()]

    def configurations_of_profiles(self, names: Sequence[str]) -> list[tuple[str, Configuration]]:
        """Return the settings of several profiles, each for its own URL.

        Raises:
            CommandError: one of them has no key, or none that can be used.
        """
        from openmonetize.cli import profiles

        found = []
        for name in names:
            profile = profiles.load(name)
            if profile.key is None:
                raise CommandError(f"profile {name!r} has no key", exit_codes.KEY)
            found.append((name, self._checked(name, profile.base_url, profile.key)))
        return found

    def _checked(self, name: str, url: str | None, key: Secret) -> Configuration:
        from openmonetize._http.configuration import DEFAULT_HOST

        settings = self._configuration(url or DEFAULT_HOST, key)
        try:
            settings.secret()
        except ApiKeyError as error:
            raise CommandError(f"account {name!r}: {error}", exit_codes.KEY) from None
        return settings

    def _configuration(self, url: str, key: Secret) -> Configuration:
        from openmonetize._http.configuration import Configuration

        return Configuration(host=url, api_key={"bearerAuth": key.value}, timeout=_TIMEOUT, debug=self.debug)

    def client(self, **settings: Any) -> OpenMonetize:
        """Return the client of the account; the same each time. It is closed at the end of the command."""
        if self._client is None:
            from openmonetize.client import OpenMonetize

            self._client = OpenMonetize(configuration=self.configuration(), **settings)
        return self._client

    def close(self) -> None:
        """Close the client."""
        if self._client is not None:
            self._client.close()


def show_warnings() -> None:
    """Show the library's warnings as lines of the command."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("openmonetize: %(levelname)s: %(message)s"))
    logger = logging.getLogger("openmonetize")
    logging.addLevelName(logging.WARNING, "warning")
    logger.addHandler(handler)
    logger.propagate = False
