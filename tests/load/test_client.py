"""What Locust's HTTP client makes of a server that misbehaves: in a process of its own, since Locust patches it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

LOGIN = ["/web/session/authenticate", "/web/session/check"]
PLAYED = """
import json, sys
from locust.env import Environment
import gevent
from gevent import socket
from gevent.server import StreamServer
from rehearsal.locust.client import FastOdoo
from rehearsal.model import Operation
from rehearsal.odoo.client import NotSent, perform
from rehearsal.targets.base import Database
from locust.contrib.fasthttp import FastHttpSession

seen, how = [], ""

def answer(line, body):
    told = json.dumps(body).encode()
    line.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Type: application/json\\r\\nSet-Cookie: session_id=abc; Path=/\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(told) + told)

def serve(line, _):
    request = b""
    while b"\\r\\n\\r\\n" not in request:
        request += line.recv(65536)
    head, _, body = request.partition(b"\\r\\n\\r\\n")
    length = int(head.lower().split(b"content-length:")[1].split()[0])
    while len(body) < length:
        body += line.recv(65536)
    path = head.split()[1].decode()
    seen.append([path, b"session_id=abc" in head])
    if path.endswith("authenticate"):
        answer(line, {"result": {"uid": 2}})
    elif path.endswith("session/check"):
        answer(line, {"id": 1})  # as Odoo leaves a result out that is nothing
    elif how == "slow":
        gevent.sleep(3)
    elif how == "page":
        line.sendall(b"HTTP/1.0 502 Bad Gateway\\r\\nContent-Length: 4\\r\\n\\r\\noops")
    elif how == "refuses":
        answer(line, {"error": {"message": "Odoo Server Error", "data": {"name": "odoo.exceptions.UserError", "message": "No."}}})
    elif how == "over" and len([p for p, _ in seen if p == "/jsonrpc"]) == 1:
        answer(line, {"error": {"message": "x", "data": {"name": "odoo.http.SessionExpiredException", "message": "Session expired"}}})
    elif how in ("ok", "over"):
        answer(line, {"result": True})
    line.close()  # how == "cut": read, and no answer

server = StreamServer(("127.0.0.1", 0), serve)
server.start()
environment, told = Environment(), {}
for how in sys.argv[1:]:
    seen.clear()
    session = FastHttpSession(f"http://127.0.0.1:{server.server_port}", environment.events.request, None, network_timeout=1.0, connection_timeout=1.0)
    odoo = FastOdoo(session, Database("x", "db", "admin", "secret"), json2=False)
    if how == "nobody":
        server.stop()
    try:
        reply = perform(odoo, Operation("confirm", "sale.order", "action_confirm", (1,)))
        told[how] = [reply.outcome.value, reply.message, list(seen)]
    except NotSent as error:
        told[how] = ["not sent", str(error), list(seen)]
print(json.dumps(told))
"""
OUTCOMES = (("ok", "ok"), ("refuses", "refused"), ("cut", "unknown"), ("slow", "unknown"), ("page", "unknown"))
pytestmark = pytest.mark.xdist_group("client")


@pytest.fixture(scope="module")
def played() -> dict[str, Any]:
    """Return by how the server behaves: outcome, message and what it saw; it goes away in the last one."""
    hows = [*(how for how, _ in OUTCOMES), "over", "nobody"]
    done = subprocess.run([sys.executable, "-c", PLAYED, *hows], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(("how", "outcome"), OUTCOMES)
def test_an_answer_is_told_apart_and_a_post_is_sent_once(how: str, outcome: str, played: dict[str, Any]) -> None:
    """What may have been committed is never repeated by the HTTP library, whatever became of the line."""
    said, _, seen = played[how]

    assert said == outcome
    assert [path for path, _ in seen] == [*LOGIN, "/jsonrpc"]
    assert seen[-1] == ["/jsonrpc", True]


def test_a_session_that_is_over_is_no_refusal(played: dict[str, Any]) -> None:
    """Odoo did nothing: log in again, and ask again."""
    said, _, seen = played["over"]

    assert (said, [path for path, _ in seen]) == ("ok", [*LOGIN, "/jsonrpc", *LOGIN, "/jsonrpc"])


def test_where_nobody_listens_nothing_was_sent(played: dict[str, Any]) -> None:
    """It can be tried again later without harm."""
    assert played["nobody"][0] == "not sent"


RESOLVED = """
import gevent
from rehearsal.locust import OdooUser
from gevent import socket

pool, found = gevent.get_hub().threadpool, []
for host in ("127.0.0.1", "::1", "localhost"):
    found.append([socket.getaddrinfo(host, 80, 0, socket.SOCK_STREAM)[0][4][:2], pool.size])
print(__import__("json").dumps(found))
"""


def test_an_address_is_not_resolved_in_a_thread() -> None:
    """Each call opens a connection; only names need somebody to look them up."""
    done = subprocess.run([sys.executable, "-c", RESOLVED], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    four, six, name = json.loads(done.stdout)
    assert four == [["127.0.0.1", 80], 0]
    assert six == [["::1", 80], 0]
    assert name[0][1] == 80
    assert name[1] >= 1
