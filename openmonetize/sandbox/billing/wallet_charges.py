"""What the events of a batch charge to wallets. Balances are kept here during the batch, and written once."""

from __future__ import annotations

from openmonetize.sandbox.accounts.users import find_or_add_user
from openmonetize.sandbox.clock import HOUR
from openmonetize.sandbox.database import cell
from openmonetize.sandbox.fates import GRANT_OVERWRITES_BURN, STORE_WITHOUT_BURN
from openmonetize.sandbox.state import State

_ADD_CREDITS = (
    "INSERT INTO {} (wallet, hour, credits) VALUES (?, ?, ?)"
    " ON CONFLICT DO UPDATE SET credits = credits + excluded.credits"
)


class _ChargedWallet:
    """A wallet's row while events are charged to it."""

    def __init__(self, pk: int, balance: int, entries: int) -> None:
        self.pk = pk
        self.balance = balance
        self.entries = entries
        self.burned = 0
        self.burned_by_hour: dict[int, int] = {}


class WalletCharge:
    """The charge of the events of one user, team or customer.

    Attributes:
        user: the user's primary key, or 0.
        wallet: the wallet that pays, if there is one.
        events: how many events have been added.
        credits: what they cost.
    """

    def __init__(self, user: int, wallet: _ChargedWallet | None) -> None:
        self.user = user
        self.wallet = wallet
        self.events = 0
        self.credits = 0

    def add(self, burn: int, hour: int, fate: str | None = None) -> tuple[int, int, int]:
        """Charge an event that costs `burn` credits; its own time lies in the hour that begins at `hour`.

        Returns:
            The wallet's primary key, the number of its transaction, and the balance after it; 0 stands for no wallet,
            and for no transaction. Two fates change this: no wallet pays, or the balance stays as it was.
        """
        self.events += 1
        self.credits += burn
        wallet = self.wallet
        if wallet is None or fate == STORE_WITHOUT_BURN:
            return 0, 0, 0
        if burn == 0:
            return wallet.pk, 0, 0
        wallet.entries += 1
        wallet.burned += burn
        wallet.burned_by_hour[hour] = wallet.burned_by_hour.get(hour, 0) + burn
        balance = wallet.balance - burn
        if fate != GRANT_OVERWRITES_BURN:
            wallet.balance = balance
        return wallet.pk, wallet.entries, balance


class WalletCharges:
    """The charges of one batch of one customer."""

    def __init__(self, state: State, customer: int) -> None:
        self._state = state
        self._customer = customer
        self._charges: dict[tuple[str, str], WalletCharge] = {}
        self._wallets: dict[int, _ChargedWallet] = {}

    def find(self, user_id: str, team_id: str) -> WalletCharge:
        """Return the charge for the team's wallet, else the user's, else the customer's; none stands in for another.

        Empty ids stand for none. The user is created if there is none.

        Raises:
            UserClash: the present servers could not store the user.
        """
        charge = self._charges.get((user_id, team_id))
        if charge is None:
            charge = self._charges[user_id, team_id] = self._load(user_id, team_id)
        return charge

    def _load(self, user_id: str, team_id: str) -> WalletCharge:
        user = find_or_add_user(self._state, self._customer, user_id) if user_id else None
        owner = "" if team_id or user is None else user["id"]
        row = self._state.db.row(
            "SELECT pk, balance, entries FROM wallets WHERE customer = ? AND user_id = ? AND team_id = ?",
            (self._customer, owner, team_id),
        )
        wallet = None
        if row is not None:
            wallet = self._wallets.setdefault(row["pk"], _ChargedWallet(row["pk"], row["balance"], row["entries"]))
        return WalletCharge(0 if user is None else user["pk"], wallet)

    def write(self, now: int) -> None:
        """Store the balances and the counts."""
        db = self._state.db
        burned = [wallet for wallet in self._wallets.values() if wallet.burned]
        db.executemany(
            "UPDATE wallets SET balance = ?, entries = ? WHERE pk = ?",
            [(cell(wallet.balance), wallet.entries, wallet.pk) for wallet in burned],
        )
        db.executemany(
            _ADD_CREDITS.format("burns"), [(wallet.pk, now - now % HOUR, cell(wallet.burned)) for wallet in burned]
        )
        db.executemany(
            _ADD_CREDITS.format("uses"),
            [(each.pk, hour, cell(credits)) for each in burned for hour, credits in each.burned_by_hour.items()],
        )
        db.executemany(
            "UPDATE users SET events = events + ?, credits = credits + ? WHERE pk = ?",
            [(charge.events, cell(charge.credits), charge.user) for charge in self._charges.values() if charge.user],
        )
