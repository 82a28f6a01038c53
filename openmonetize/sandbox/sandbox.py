"""The sandbox as an object: start it, look into it, steer it, stop it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from openmonetize._arguments import explained, require
from openmonetize.exceptions import ApiValueError
from openmonetize.pricing import price_book
from openmonetize.sandbox.accounts.customers import customer_by_id
from openmonetize.sandbox.accounts.users import find_user
from openmonetize.sandbox.billing import dead_letters, stored_events
from openmonetize.sandbox.billing.event_queue import check_speed
from openmonetize.sandbox.billing.ingestion import Ingestion
from openmonetize.sandbox.billing.ledger import find_wallet
from openmonetize.sandbox.console.console import Console
from openmonetize.sandbox.database import Database
from openmonetize.sandbox.defects import defects_for
from openmonetize.sandbox.errors import SandboxStateError
from openmonetize.sandbox.http.admission import is_loopback
from openmonetize.sandbox.http.app import App
from openmonetize.sandbox.http.control import Control
from openmonetize.sandbox.http.faults import Fault, Faults
from openmonetize.sandbox.http.limits import quota_limits
from openmonetize.sandbox.http.request_log import RequestLog
from openmonetize.sandbox.http.server import open_server
from openmonetize.sandbox.initial_accounts import DEV_KEY, open_accounts
from openmonetize.sandbox.routes import ROUTES
from openmonetize.sandbox.state import Settings, State, new_id

_DELAY_VARIABLE = "OPENMONETIZE_SANDBOX_PROCESSING_DELAY"
_POLL_INTERVAL = 0.05  # seconds until the server notices `stop`


class Sandbox:
    """The platform's API on this machine: stateful, strict, no account and no network needed.

    Use it as a context manager, or call `start` and `stop`. A file holds one sandbox at a time.

    Args:
        host: the address to listen on. Anything but a loopback address needs a `key` of your own.
        port: the port; 0 takes any free one.
        db: a file for the data, or ``":memory:"``.
        key: the API key that works from the start; by default the development account's ``om_dev_test_key``.
        era: ``"current"`` or ``"seed"``, the platform's first release with its own paths and rules.
        mode: ``"contract"``, the documented behaviour, or ``"faithful"``, with the present servers' known defects.
        defects: for faithful mode, only these defects instead of all (see `openmonetize.sandbox.defects`).
        accounts: ``"dev"`` starts with the platform's development account, ``"none"`` with none.
        prices: ``"text"``, the price rows of every installation, or ``"all"``, image and video rows as well.
        rate_limit: requests a minute for each key; None for no limit.
        quota: events a month: True for the platform's limits, a number for every tier, or a mapping by tier.
        processing_delay: seconds between the acceptance of an event and its billing; by default those of the
            environment variable ``OPENMONETIZE_SANDBOX_PROCESSING_DELAY``, or 0.
        processing_rate: how many events a second are billed, of all customers together; None for no limit.
        faults: faults that strike by chance, such as ``"429:5%,retry-after=2"`` or ``"accept-and-lose:1%"``.

    Raises:
        ApiValueError: an argument makes no sense, or the file is in use or not a database of the sandbox.
    """

    @explained
    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        db: str = ":memory:",
        key: str | None = None,
        era: str = "current",
        mode: str = "contract",
        defects: Iterable[str] | None = None,
        accounts: str = "dev",
        prices: str = "text",
        rate_limit: int | None = None,
        quota: bool | int | Mapping[str, int | None] | None = None,
        processing_delay: float | None = None,
        processing_rate: float | None = None,
        faults: Iterable[str | Fault] = (),
    ) -> None:
        if accounts not in ("dev", "none"):
            raise ApiValueError(f"accounts must be 'dev' or 'none', not {accounts!r}")
        require("port", port, int, "an int")
        require("db", db, (str, os.PathLike), "a path")
        for name, number, what in (
            ("processing_delay", processing_delay, "a number of seconds"),
            ("processing_rate", processing_rate, "a number of events"),
            ("rate_limit", rate_limit, "a number of requests"),
        ):
            if number is not None:
                require(name, number, (int, float), what)
        if rate_limit is not None and rate_limit < 1:
            raise ApiValueError(f"rate_limit must be at least 1 request a minute, not {rate_limit}")
        if processing_delay is None:
            processing_delay = _delay_of_environment()
        check_speed(processing_delay, processing_rate)
        local = is_loopback(host)
        if not local and key in (None, DEV_KEY):
            raise ApiValueError(f"{host} can be reached by others; give the sandbox a key of your own")
        self._host = host
        self._port = port
        settings = Settings(
            era=era,
            mode=mode,
            defects=defects_for(mode, defects),
            book=price_book(era, prices),
            accounts=accounts,
            rate_limit=rate_limit,
            quota=quota_limits(quota),
            processing_delay=processing_delay,
            processing_rate=processing_rate,
        )
        self._faults = Faults(faults)
        self._initial_key = key
        self._customer_id = new_id()
        self._state = State(settings, Database(db), self._faults)  # after every check, since it may open a file
        self._key = open_accounts(self._state, key, self._customer_id)
        self._ingestion = Ingestion(self._state)
        self._request_log = RequestLog()
        self._control = Control(
            self._state, self._faults, self._ingestion, self._request_log, self.reset, None if local else key
        )
        Console(self._control, lambda: self.url, lambda: self.key)
        self._app = App(self._state, self._faults, self._ingestion, self._request_log, self._control, ROUTES)
        self._server: Any = None
        self._thread: threading.Thread | None = None

    # Running

    def start(self) -> Sandbox:
        """Listen and serve in a thread of its own.

        Returns:
            The sandbox.

        Raises:
            SandboxStateError: it runs already.
            SandboxAddressError: the address cannot be listened on.
        """
        if self._server is not None:
            raise SandboxStateError(f"the sandbox runs already, at {self.url}")
        self._server = open_server(self._host, self._port, self._app, self._seconds)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_INTERVAL,), name="openmonetize-sandbox", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening, cut open connections and close the database. Stopping twice is fine."""
        if self._server is not None:
            self._server.shutdown()
            assert self._thread is not None
            self._thread.join()
            self._server.close_connections()
            self._server = None
        self._state.db.close()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the sandbox has been started and not stopped."""
        return self._server is not None

    @property
    def url(self) -> str:
        """The base URL, for example ``http://127.0.0.1:3000``.

        Raises:
            SandboxStateError: the sandbox is not running.
        """
        if self._server is None:
            raise SandboxStateError("the sandbox is not running; call start() first")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._server.port}"

    @property
    def key(self) -> str | None:
        """The API key that works from the start; None without an account, or if its key in the file was rotated."""
        return self._key

    @property
    def control(self) -> Control:
        """The sandbox's own routes, to which pages can be added."""
        return self._control

    @property
    def state(self) -> State:
        """Database, clock and settings."""
        return self._state

    # Looking in and steering

    def reset(self) -> None:
        """Return to the start: the initial accounts, no events, real time, the initial faults."""
        with self._state.db.lock:
            self._state.db.clear()
            self._state.clock.reset()
            self._faults.reset()
            self._ingestion.reset()
            self._app.rate_limit.reset()
            self._request_log.clear()
            self._key = open_accounts(self._state, self._initial_key, self._customer_id)

    def events(self, **filters: Any) -> list[dict[str, Any]]:
        """Return the stored events in the order of their processing.

        Args:
            filters: values that a field must have: ``event_id``, ``user_id``, ``feature_id``, ``event_type``,
                ``provider``, ``model``, ``team_id``, ``batch_id``, ``idempotency_key``, ``customer_id``, and
                ``outcome``: ``"billed"``, or ``"unfunded"`` for events that no wallet paid for.

        Raises:
            ApiValueError: a filter has another name.
        """
        with self._up_to_date():
            return stored_events.stored(self._state, filters)

    def dead_letters(self) -> list[dict[str, Any]]:
        """Return the accepted events that could not be stored, each with its reason, at once in every mode."""
        with self._up_to_date():
            return dead_letters.stored(self._state)

    @explained
    def billed(self, user_id: str | None = None, customer_id: str | None = None) -> int:
        """Return the credits that wallets have paid for events.

        Args:
            user_id: for this user's events; by default for all, also those without a user.
            customer_id: for this customer's events; by default for all.

        Returns:
            Whole credits.
        """
        with self._up_to_date():
            return stored_events.billed(self._state, user_id, customer_id)

    @explained
    def balance(self, user_id: str | None = None, customer_id: str | None = None) -> int:
        """Return the credits in a user's wallet or, without `user_id`, in the customer's own.

        Args:
            user_id: whose wallet; a user that does not exist has 0.
            customer_id: of which customer; by default the sum over all.

        Returns:
            Whole credits; they may be below 0.

        Raises:
            ApiValueError: there is no such customer.
        """
        with self._up_to_date():
            return sum(self._balance(pk, user_id) for pk in self._customers(customer_id))

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The last requests to the platform's routes, oldest first, without keys."""
        return self._request_log.entries()

    @explained
    def fail_next(self, fault: str | Fault, times: int = 1) -> None:
        """Let the next requests meet a fault, or the next accepted events.

        Args:
            fault: such as ``"500"``, ``"reset-after"``, ``"slow=3s"``, ``"accept-and-lose"``; see docs/sandbox.md.
            times: how many requests or events.

        Raises:
            ApiValueError: there is no such fault, or `times` is not from 1 to 10,000.
        """
        require("fault", fault, (str, Fault), "a text such as '500'")
        require("times", times, int, "an int")
        self._faults.fail_next(fault, times)

    @explained
    def set_processing(self, *, delay: float = 0.0, rate: float | None = None) -> None:
        """Set how fast accepted events are billed from now on; `reset` returns to the settings of the start.

        Args:
            delay: seconds between the acceptance of an event and its billing, if no other is before it.
            rate: how many events a second are billed, of all customers together; None for no limit.

        Raises:
            ApiValueError: one of them makes no sense.
        """
        require("delay", delay, (int, float), "a number of seconds")
        if rate is not None:
            require("rate", rate, (int, float), "a number of events")
        with self._state.db.lock:
            self._ingestion.queue.set(delay, rate)

    @explained
    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        """Move the sandbox's clock.

        Args:
            days: how many days.
            seconds: how many seconds more.

        Raises:
            ApiValueError: the clock would leave the years 1970 to 9000.
        """
        require("days", days, (int, float), "a number")
        require("seconds", seconds, (int, float), "a number")
        self._state.clock.advance(timedelta(days=days, seconds=seconds))

    @explained
    def set_time(self, moment: datetime) -> None:
        """Set the sandbox's clock; it ticks on from there.

        Args:
            moment: an aware datetime.

        Raises:
            ApiValueError: the datetime is naive, or outside the years 1970 to 9000.
        """
        require("moment", moment, datetime, "an aware datetime")
        self._state.clock.set(moment)

    def _seconds(self) -> int:
        return self._state.clock.now() // 1000

    def _up_to_date(self) -> Any:
        """Return the database's lock, with all due events processed."""
        lock = self._state.db.lock
        with lock:
            self._ingestion.process_due()
        return lock

    def _customers(self, customer_id: str | None) -> list[int]:
        if customer_id is not None:
            customer = customer_by_id(self._state, customer_id)
            if customer is None:
                raise ApiValueError(f"no customer {customer_id!r}")
            return [customer.pk]
        return [row["pk"] for row in self._state.db.rows("SELECT pk FROM customers")]

    def _balance(self, customer: int, user_id: str | None) -> int:
        owner = ""
        if user_id is not None:
            user = find_user(self._state, customer, user_id)
            if user is None:
                return 0
            owner = user["id"]
        wallet = find_wallet(self._state, customer, owner)
        return 0 if wallet is None else int(wallet["balance"])


def _delay_of_environment() -> float:
    text = os.environ.get(_DELAY_VARIABLE) or "0"
    try:
        return float(text)
    except ValueError:
        raise ApiValueError(f"{_DELAY_VARIABLE} must be a number of seconds, not {text!r}") from None
