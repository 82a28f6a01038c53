"""One change of a wallet at a time among the processes of a host that share an outbox: by locks of files in it."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from openmonetize.compat.wallet_locks import Wallet, in_use
from openmonetize.metering.buffers.spool.system import locked_file

_LOG = logging.getLogger("openmonetize")
FOLDER = ".wallets"  # in the outbox, which leaves names with a dot alone


class HostLocks:
    """Locks of wallets among processes, which the kernel frees when a process ends. Wallets may share one of 256.

    On Windows they are those of `LockFileEx`, elsewhere those of flock(2).

    Args:
        outbox: the directory that the processes share.
    """

    def __init__(self, outbox: str | os.PathLike[str]) -> None:
        self._folder = os.path.join(os.path.abspath(outbox), FOLDER)
        self._told = False

    @contextmanager
    def hold(self, wallet: Wallet, deadline: float) -> Iterator[None]:
        """Have a wallet to this process. If the files cannot be used, it goes on without, and logs it.

        Args:
            wallet: the wallet.
            deadline: monotonic time until which to wait for others.

        Raises:
            ApiTimeoutError: others had it until then.
        """
        with ExitStack() as held:
            try:
                self._make_folder()
                held.enter_context(locked_file(self.path(wallet), max(0.0, deadline - time.monotonic())))
            except TimeoutError:
                raise in_use() from None
            except OSError as error:
                self._tell(error)
            yield

    def path(self, wallet: Wallet) -> str:
        """Return the file that is locked for a wallet."""
        host, user_id = wallet
        text = f"{host}\n{user_id or ''}".encode("utf-8", "surrogatepass")
        return os.path.join(self._folder, hashlib.sha256(text).hexdigest()[:2])

    def _make_folder(self) -> None:
        try:
            os.mkdir(self._folder, 0o700)
        except FileExistsError:
            pass

    def _tell(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            _LOG.warning(
                "there are no locks of wallets in the outbox, so other processes may change them too: %s", error
            )
