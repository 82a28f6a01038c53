"""The sandbox as an object: start it, talk to it, look into it, stop it."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Dict, Iterable, List, Mapping, Optional, Type, Union

from openmonetize.pricing import price_book
from openmonetize.sandbox.accounts.customers import customer_by_id, find_user
from openmonetize.sandbox.accounts.initial import DEV_KEY, open_accounts
from openmonetize.sandbox.billing import dead_letters, events
from openmonetize.sandbox.billing.ledger import find_wallet
from openmonetize.sandbox.console import Console
from openmonetize.sandbox.database import Database
from openmonetize.sandbox.defects import defects_for
from openmonetize.sandbox.http.admission import is_loopback
from openmonetize.sandbox.http.app import App
from openmonetize.sandbox.http.control import Control
from openmonetize.sandbox.http.faults import Fault, Faults
from openmonetize.sandbox.http.limits import quota_limits
from openmonetize.sandbox.http.server import open_server
from openmonetize.sandbox.state import Settings, State, new_id


class Sandbox:
    """The platform's API on this machine: stateful, strict, no account and no network needed.

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
        processing_delay: seconds between the acceptance of an event and its billing.
        faults: faults that strike by chance, such as ``"429:5%,retry-after=2"``.

    Use it as a context manager, or call `start` and `stop`. A file holds one sandbox at a time.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        db: str = ":memory:",
        key: Optional[str] = None,
        era: str = "current",
        mode: str = "contract",
        defects: Optional[Iterable[str]] = None,
        accounts: str = "dev",
        prices: str = "text",
        rate_limit: Optional[int] = None,
        quota: Union[bool, int, Mapping[str, Optional[int]], None] = None,
        processing_delay: float = 0.0,
        faults: Iterable[Union[str, Fault]] = (),
    ) -> None:
        if accounts not in ("dev", "none"):
            raise ValueError(f"accounts must be 'dev' or 'none', not {accounts!r}")
        if rate_limit is not None and rate_limit < 1:
            raise ValueError(f"rate_limit must be at least 1 request a minute, not {rate_limit}")
        if not 0 <= processing_delay <= 86_400:
            raise ValueError(f"processing_delay must be from 0 to 86400 seconds, not {processing_delay}")
        local = is_loopback(host)
        if not local and key in (None, DEV_KEY):
            raise ValueError(f"{host} can be reached by others; give the sandbox a key of your own")
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
        )
        self._faults = Faults(faults)
        self._wanted_key = key
        self._customer_id = new_id()
        self._state = State(settings, Database(db))  # last of what may fail: it is a file to be closed
        self._key = open_accounts(self._state, key, self._customer_id)
        self._control = Control(self._state, self._faults, self.reset, None if local else key)
        Console(self._control, lambda: self.url, lambda: self.key)
        self._app = App(self._state, self._faults, self._control)
        self._server: Any = None
        self._thread: Optional[threading.Thread] = None

    # --- running ----------------------------------------------------------------------------------------------

    def start(self) -> Sandbox:
        """Listen and serve in a thread of its own. Returns the sandbox."""
        if self._server is not None:
            raise RuntimeError(f"the sandbox runs already, at {self.url}")
        self._server = open_server(self._host, self._port, self._app)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="openmonetize-sandbox", daemon=True
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
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether it has been started and not stopped."""
        return self._server is not None

    @property
    def url(self) -> str:
        """Where it listens, for example ``http://127.0.0.1:3000``."""
        if self._server is None:
            raise RuntimeError("the sandbox is not running; call start() first")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._server.port}"

    @property
    def key(self) -> Optional[str]:
        """The API key that works from the start; None without an account, or if a file holds one with a rotated key."""
        return self._key

    @property
    def control(self) -> Control:
        """The sandbox's own routes, its request log, and the place to add pages."""
        return self._control

    @property
    def state(self) -> State:
        """Database, clock and settings."""
        return self._state

    # --- looking in and steering --------------------------------------------------------------------------------

    def reset(self) -> None:
        """Back to the start: accounts as they were, no events, real time, the faults of the start."""
        with self._state.db.lock:
            self._state.db.clear()
            self._state.clock.reset()
            self._faults.reset()
            self._control.ingestion.reset()
            self._control.rate_limit.reset()
            self._control.request_log.clear()
            self._key = open_accounts(self._state, self._wanted_key, self._customer_id)

    def events(self, **filters: Any) -> List[Dict[str, Any]]:
        """Stored events in the order of their processing.

        Args:
            filters: values that a field must have: ``event_id``, ``user_id``, ``feature_id``, ``event_type``,
                ``provider``, ``model``, ``team_id``, ``batch_id``, ``idempotency_key``, ``customer_id``, and
                ``outcome``: ``"billed"``, or ``"unfunded"`` for what no wallet paid.
        """
        with self._settled():
            return events.stored(self._state, filters)

    def dead_letters(self) -> List[Dict[str, Any]]:
        """Accepted events that could not be stored, each with its reason, at once in every mode."""
        with self._settled():
            return dead_letters.stored(self._state)

    def billed(self, user_id: Optional[str] = None, customer_id: Optional[str] = None) -> int:
        """Credits that wallets have paid for events.

        Args:
            user_id: of this user; by default of all, and of those without one.
            customer_id: of this customer; by default of all.

        Returns:
            Whole credits.
        """
        with self._settled():
            return events.billed(self._state, user_id, customer_id)

    def balance(self, user_id: Optional[str] = None, customer_id: Optional[str] = None) -> int:
        """Credits in a user's wallet or, without `user_id`, in the customer's own.

        Args:
            user_id: whose wallet.
            customer_id: of which customer; by default the sum over all.
        """
        with self._settled():
            return sum(self._balance(pk, user_id) for pk in self._customers(customer_id))

    @property
    def requests(self) -> List[Dict[str, Any]]:
        """The last requests, oldest first, without keys."""
        return self._control.request_log.entries()

    def fail_next(self, fault: Union[str, Fault], times: int = 1) -> None:
        """Let the next requests meet a fault.

        Args:
            fault: what happens, such as ``"500"``, ``"reset-after"``, ``"slow=3s"``; see docs/sandbox.md.
            times: to how many requests.

        Raises:
            ValueError: there is no such fault.
        """
        self._faults.fail_next(fault, times)

    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        """Move the sandbox's clock.

        Args:
            days: how far, in days.
            seconds: and in seconds.
        """
        self._state.clock.advance(timedelta(days=days, seconds=seconds))

    def set_time(self, moment: datetime) -> None:
        """Set the sandbox's clock to `moment`, an aware datetime; it ticks on from there."""
        self._state.clock.set(moment)

    def _settled(self) -> Any:
        """The database's lock, with all due events processed."""
        lock = self._state.db.lock
        with lock:
            self._control.ingestion.settle()
        return lock

    def _customers(self, customer_id: Optional[str]) -> List[int]:
        if customer_id is not None:
            customer = customer_by_id(self._state, customer_id)
            if customer is None:
                raise ValueError(f"no customer {customer_id!r}")
            return [customer.pk]
        return [row["pk"] for row in self._state.db.rows("SELECT pk FROM customers")]

    def _balance(self, customer: int, user_id: Optional[str]) -> int:
        owner = ""
        if user_id is not None:
            user = find_user(self._state, customer, user_id)
            if user is None:
                return 0
            owner = user["id"]
        wallet = find_wallet(self._state, customer, owner)
        return 0 if wallet is None else int(wallet["balance"])
