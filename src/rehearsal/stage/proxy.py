"""A small proxy between the harness and Odoo that disturbs requests: late, cut, refused, swallowed, slowed.

It knows nothing of scenarios: whoever starts it gives a function that says, per request, what to do. Odoo
closes each connection after its answer, so one connection carries one request.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET, socket
from urllib.parse import urlsplit

from rehearsal.parts.fault import Ending, Request

PIECE = 65_536
START_S_MAX = 10.0
REQUEST_S_MAX = 120.0
"""Longest life of one connection, whatever was done to it."""
HEAD_MAX = 65_536
BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 31\r\nConnection: close\r\n\r\n"
    b"<html>502 Bad Gateway</html>   "
)
UNAVAILABLE = BAD_GATEWAY.replace(b"502 Bad Gateway", b"503 Unavailable", 1)


Decide = Callable[[bytes], Request]
"""Told the whole request, returns what is to be done to it; called in the proxy's thread, must be quick and not raise."""


class Proxy:
    """Listens on a free loopback port of its own and forwards to *url*; runs in a thread until `close`."""

    def __init__(self, url: str, decide: Decide) -> None:
        there = urlsplit(url)
        self._there = (there.hostname or "127.0.0.1", there.port or 80)
        self._decide = decide
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._server: asyncio.Server | None = None
        self.url = ""
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_S_MAX):
            raise OSError(f"the proxy did not start within {START_S_MAX:g} s")

    def close(self) -> None:
        """Take no more connections and end the thread; open ones are dropped."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S_MAX)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._carried, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _carried(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_S_MAX):
                await self._treated(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # either side went away: the other one sees its line closed
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _treated(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _request(reader)
        treatment = self._decide(request)
        await asyncio.sleep(treatment.delay_s)
        match treatment.ending:
            case Ending.BAD_GATEWAY | Ending.UNAVAILABLE:
                writer.write(BAD_GATEWAY if treatment.ending is Ending.BAD_GATEWAY else UNAVAILABLE)
                await writer.drain()
            case Ending.RESET:
                _reset(writer)
            case Ending.BLACK_HOLE:
                await reader.read()  # until the client gives up and closes
            case Ending.CUT:
                await self._answer(request)
                _reset(writer)
            case _:
                await _trickle(writer, await self._answer(request), treatment.bytes_per_s)

    async def _answer(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*self._there)
        try:
            writer.write(request)
            await writer.drain()
            return await _response(reader)
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(_length(head) or 0)


async def _response(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _length(head)
    return head + (await reader.read(-1) if length is None else await reader.readexactly(length))


def _length(head: bytes) -> int | None:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return None


async def _trickle(writer: asyncio.StreamWriter, answer: bytes, bytes_per_s: int) -> None:
    """Pass *answer* on, at most so fast; 0: as fast as it goes."""
    if not bytes_per_s:
        writer.write(answer)
        await writer.drain()
        return
    step = max(1, bytes_per_s // 10)
    for start in range(0, len(answer), step):
        writer.write(answer[start : start + step])
        await writer.drain()
        await asyncio.sleep(0.1)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN, as a line that breaks does."""
    line = writer.get_extra_info("socket")
    if isinstance(line, socket) or hasattr(line, "setsockopt"):
        line.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
