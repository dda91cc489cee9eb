"""Resolving host names without a thread where there is nothing to resolve.

Odoo keeps no connection alive, so each call opens one; gevent resolves each time, in a thread, and on a busy
machine handing over to a thread and back takes milliseconds. A literal address needs no resolving.
"""

from __future__ import annotations

import _socket
from typing import Any

import gevent
from gevent.resolver.thread import Resolver


class LiteralFirst(Resolver):  # type: ignore[misc]
    """gevent's resolver, which answers at once when the host is an address already."""

    def getaddrinfo(self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        """Return the addresses of *host*; raises what `socket.getaddrinfo` raises."""
        try:
            return _socket.getaddrinfo(host, port, family, type, proto, flags | _socket.AI_NUMERICHOST)
        except _socket.gaierror:
            return super().getaddrinfo(host, port, family, type, proto, flags)


def install() -> None:
    """Let this process's gevent use it."""
    hub = gevent.get_hub()
    hub.resolver = LiteralFirst(hub)
