"""A forwarder in front of Odoo that can cut the line after Odoo has answered and before the answer is passed on."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

PIECE = 65_536
SOCKET_S_MAX = 60.0


class Cutter:
    """Forwards to *url*; asks *cuts* about each request's bytes, and drops the answer where it says so."""

    def __init__(self, url: str, cuts: Callable[[bytes], bool]) -> None:
        there = urlsplit(url)
        self._there = (there.hostname or "127.0.0.1", there.port or 80)
        self._cuts = cuts
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self.cut = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more connections, as of now: a thread that waits for one is woken."""
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        """One request, one answer: Odoo closes after each."""
        with client, socket.create_connection(self._there, SOCKET_S_MAX) as odoo:
            client.settimeout(SOCKET_S_MAX)
            request = _whole_request(client)
            odoo.sendall(request.replace(b"Connection: keep-alive", b"Connection: close"))
            answer = b"".join(iter(lambda: odoo.recv(PIECE), b""))
            if self._cuts(request):
                self.cut += 1
                return
            client.sendall(answer)


def _whole_request(client: socket.socket) -> bytes:
    told = b""
    while b"\r\n\r\n" not in told:
        piece = client.recv(PIECE)
        if not piece:
            return told
        told += piece
    head, _, body = told.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        piece = client.recv(PIECE)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body
