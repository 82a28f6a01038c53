"""A server that costs next to nothing: one fixed answer by path, over kept connections, in a process of its own.

It prints its port, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import re
import sys

from fixtures import answer_to

_LENGTH = re.compile(rb"content-length: *(\d+)")


class Connection(asyncio.Protocol):
    """One client. (asyncio sets TCP_NODELAY by itself.)"""

    def __init__(self) -> None:
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._answer_one():
            pass

    def _answer_one(self) -> bool:
        """Answer the first request, if it has arrived whole."""
        end = self._received.find(b"\r\n\r\n") + 4
        if end < 4:
            return False
        head = bytes(self._received[:end])
        length = _LENGTH.search(head.lower())
        total = end + (int(length[1]) if length else 0)
        if len(self._received) < total:
            return False
        path = head.split(b" ", 2)[1].split(b"?", 1)[0].decode()
        self._transport.write(answer_to(path, self._received))
        del self._received[:total]
        return True


async def main() -> None:
    """Serve until the parent goes away."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
