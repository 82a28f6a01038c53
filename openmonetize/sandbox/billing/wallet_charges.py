"""Who pays for the events of a batch. Balances are kept here while the batch is worked on, and written once."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

from openmonetize.sandbox.accounts.customers import claim_user
from openmonetize.sandbox.clock import HOUR
from openmonetize.sandbox.database import cell
from openmonetize.sandbox.state import State


class _Wallet:
    """A wallet's row while its events are booked."""

    def __init__(self, pk: int, balance: int, entries: int) -> None:
        self.pk = pk
        self.balance = balance
        self.entries = entries
        self.burned = 0


class Payer:
    """A user (0: none), team or customer and the wallet that pays for it, if there is one."""

    def __init__(self, user: int, wallet: Optional[_Wallet]) -> None:
        self.user = user
        self.wallet = wallet
        self.events = 0
        self.credits = 0

    def pay(self, burn: int) -> Tuple[int, int, int]:
        """Book an event that costs `burn` credits: the wallet, the number of its transaction, the balance after it.

        0 stands for no wallet and for no transaction.
        """
        self.events += 1
        self.credits += burn
        wallet = self.wallet
        if wallet is None:
            return 0, 0, 0
        if burn == 0:
            return wallet.pk, 0, 0
        wallet.entries += 1
        wallet.balance -= burn
        wallet.burned += burn
        return wallet.pk, wallet.entries, wallet.balance


class WalletCharges:
    """The wallet_charges of one batch of one customer."""

    def __init__(self, state: State, customer: int) -> None:
        self._state = state
        self._customer = customer
        self._payers: Dict[Tuple[str, str], Payer] = {}
        self._wallets: Dict[int, _Wallet] = {}

    def find(self, user_id: str, team_id: str) -> Payer:
        """The team's wallet pays, else the user's, else the customer's; there is no falling back to another.

        Empty ids stand for none. The user is created if there is none.

        Raises:
            UserClash: the present servers could not store the user.
        """
        payer = self._payers.get((user_id, team_id))
        if payer is None:
            payer = self._payers[user_id, team_id] = self._load(user_id, team_id)
        return payer

    def _load(self, user_id: str, team_id: str) -> Payer:
        user = claim_user(self._state, self._customer, user_id) if user_id else None
        owner = "" if team_id or user is None else user["id"]
        row = self._state.db.row(
            "SELECT pk, balance, entries FROM wallets WHERE customer = ? AND user_id = ? AND team_id = ?",
            (self._customer, owner, team_id),
        )
        wallet = None
        if row is not None:
            wallet = self._wallets.setdefault(row["pk"], _Wallet(row["pk"], row["balance"], row["entries"]))
        return Payer(0 if user is None else user["pk"], wallet)

    def write(self, now: int) -> None:
        """Store the balances and the counts."""
        db = self._state.db
        burned = [wallet for wallet in self._wallets.values() if wallet.burned]
        db.executemany(
            "UPDATE wallets SET balance = ?, entries = ? WHERE pk = ?",
            [(cell(wallet.balance), wallet.entries, wallet.pk) for wallet in burned],
        )
        db.executemany(
            "INSERT INTO burns (wallet, hour, credits) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET credits = credits + excluded.credits",
            [(wallet.pk, now - now % HOUR, cell(wallet.burned)) for wallet in burned],
        )
        db.executemany(
            "UPDATE users SET events = events + ?, credits = credits + ? WHERE pk = ?",
            [(payer.events, cell(payer.credits), payer.user) for payer in self._payers.values() if payer.user],
        )
