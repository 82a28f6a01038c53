"""A server that costs next to nothing: one fixed response for each path, over kept connections, in its own process.

Argument: a port, or 0 for a free one. It prints its port, and exits when its standard input is closed.
"""

from __future__ import annotations

import asyncio
import re
import sys

from fixtures import response_to

_LENGTH = re.compile(rb"content-length: *(\d+)")


class Connection(asyncio.Protocol):
    """The connection of one client. asyncio sets TCP_NODELAY by itself."""

    def __init__(self) -> None:
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._respond():
            pass

    def _respond(self) -> bool:
        """Respond to the first request, if all of it has arrived; return whether it has."""
        end = self._received.find(b"\r\n\r\n") + 4
        if end < 4:
            return False
        head = bytes(self._received[:end])
        length = _LENGTH.search(head.lower())
        total = end + (int(length[1]) if length else 0)
        if len(self._received) < total:
            return False
        path = head.split(b" ", 2)[1].split(b"?", 1)[0].decode()
        self._transport.write(response_to(path, bytes(self._received[end:total])))
        del self._received[:total]
        return True


async def main() -> None:
    """Serve until the parent process closes standard input."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", int(sys.argv[1]))
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
