"""A well-behaved Odoo user for Locust: its own session, bounded waits, business names, refusals told apart.

Where to: Locust's ``--host``. Who logs in, and to which database, comes from the environment, as for
`targets.existing`: REHEARSE_ODOO_DATABASE, REHEARSE_ODOO_LOGIN (admin when left out), and
REHEARSE_ODOO_PASSWORD or REHEARSE_ODOO_API_KEY. REHEARSE_ODOO_CLIENT is ``odoorpc`` (a session over
/jsonrpc) or ``json2``; when left out, a key alone means ``json2``.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gevent
from locust import FastHttpUser, events
from locust.env import Environment
from locust.exception import StopTest
from locust.runners import MasterRunner, Runner, WorkerRunner

from rehearsal.locust.client import UNAUTHORIZED, FastOdoo
from rehearsal.model import Answer, Operation, Outcome
from rehearsal.odoo.client import NoAnswer, NotAllowed, NotSent, perform
from rehearsal.targets.base import Database

logger = logging.getLogger(__name__)
ENVIRONMENT = "REHEARSE_ODOO_"
TROUBLE = "rehearsal_trouble"
"""The message by which a worker makes the master stop the test."""
MESSAGE_MAX = 200
"""Characters of Odoo's message kept in Locust's table of failures, which groups by them."""


def timeout_s() -> float:
    """Return how long an answer is waited for, as the environment says."""
    return float(os.environ.get("REHEARSE_ODOO_TIMEOUT_S") or 60.0)


class Refused(Exception):
    """Odoo said no and rolled back: an answer, not a failure of the network."""


class Unanswered(Exception):
    """No answer came: what was asked may have been done."""


class OdooUser(FastHttpUser):
    """Log in once per user, ask by business names, and stop the whole test when the login is refused."""

    abstract = True
    network_timeout = timeout_s()
    connection_timeout = 10.0
    max_retries = 0

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        try:
            self.odoo = FastOdoo(self.client, database_of_environment(str(self.host)), wants_json2())
        except NotAllowed as error:
            raise StopTest(str(error)) from error

    def on_start(self) -> None:
        """Log in before the first task, so that no task is measured with a login in it."""
        try:
            self.odoo.log_in()
        except (NotAllowed, NotSent) as error:
            raise StopTest(stop_test(self.environment, str(error))) from error

    def call(
        self,
        model: str,
        method: str,
        ids: Sequence[int] | None = None,
        *,
        name: str = "",
        context: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> Answer:
        """Ask Odoo's *method* with arguments by name, and return the `Answer`; *name* is what statistics call it."""
        said = name or f"{model}.{method}"
        return self.ask(Operation(said, model, method, tuple(ids) if ids is not None else None, arguments, context or {}))

    def ask(self, operation: Operation, name: str = "", behind_s: float = 0.0) -> Answer:
        """Perform *operation*, report it to Locust, and return its answer.

        *behind_s* is how long it had been due when it was taken up; the reported time contains it. A refusal
        and a missing answer are failures of two kinds in Locust's table. When nothing listens at Odoo's port,
        nothing was done: reported, and refused in our words.
        """
        began, started_at = time.perf_counter(), time.time()
        try:
            answer = perform(self.odoo, operation)
        except NotAllowed as error:
            raise StopTest(stop_test(self.environment, str(error))) from error
        except NotSent as error:
            answer = Answer(Outcome.REFUSED, None, str(error))
        self.report(name or operation.name, answer, behind_s + time.perf_counter() - began, started_at)
        return answer

    def fetch(self, path: str, *, name: str, shows: bytes) -> Answer:
        """Fetch a page that must show *shows*, report it to Locust as *name*, and return the `Answer`; its value is the page.

        Whatever else comes is a failure: a login page too, which Odoo sends with status 200 when the session is over.
        """
        began, started_at = time.perf_counter(), time.time()
        try:
            status, page = self.odoo.get(path)
            answer = Answer(Outcome.OK, page)
            if status != 200 or shows not in page:
                said = page.decode(errors="replace") if status == UNAUTHORIZED else f"HTTP {status}, not the page"
                answer = Answer(Outcome.REFUSED, None, said)
        except NotAllowed as error:
            raise StopTest(stop_test(self.environment, str(error))) from error
        except (NoAnswer, NotSent) as error:
            answer = Answer(Outcome.UNKNOWN, None, str(error))
        self.report(name, answer, time.perf_counter() - began, started_at)
        return answer

    def report(self, name: str, answer: Answer, took_s: float, started_at: float) -> None:
        """Fire Locust's statistics for one answer."""
        said = answer.message.strip().partition("\n")[0][:MESSAGE_MAX]
        failures = {Outcome.REFUSED: Refused, Outcome.UNKNOWN: Unanswered}
        failed = failures[answer.outcome](said) if answer.outcome in failures else None
        self.environment.events.request.fire(
            request_type=self.odoo.protocol,
            name=name,
            response_time=took_s * 1000,
            context=self.context(),
            response_length=self.odoo.received_bytes,
            exception=failed,
            start_time=started_at,
            url=self.host,
            response=None,
        )


def database_of_environment(host: str) -> Database:
    """Return the database that the environment names; raises `NotAllowed` with the variable that is missing."""
    name, login = os.environ.get(ENVIRONMENT + "DATABASE", ""), os.environ.get(ENVIRONMENT + "LOGIN") or "admin"
    password, key = os.environ.get(ENVIRONMENT + "PASSWORD"), os.environ.get(ENVIRONMENT + "API_KEY")
    if not name:
        raise NotAllowed(f"no database is named; set {ENVIRONMENT}DATABASE")
    if not password and not key:
        raise NotAllowed(f"there is nothing to log in with; set {ENVIRONMENT}PASSWORD or {ENVIRONMENT}API_KEY")
    return Database(host.rstrip("/"), name, login, password, key)


def wants_json2() -> bool:
    """Return whether JSON-2 is wanted: named, or because only a key was given."""
    named = os.environ.get(ENVIRONMENT + "CLIENT", "")
    return named == "json2" if named else not os.environ.get(ENVIRONMENT + "PASSWORD")


def stop_test(environment: Environment, why: str) -> str:
    """End the whole test with exit code 3, wherever in it this process is; return *why*."""
    logger.error("%s; the test is stopped", why)
    environment.process_exit_code = 3
    if isinstance(environment.runner, WorkerRunner):
        environment.runner.send_message(TROUBLE, {"why": why})
    elif environment.runner is not None:
        for listener in stopping:
            listener(why)
        gevent.spawn(environment.runner.quit)
    return why


stopping: list[Callable[[str], None]] = []
"""Told why, before the test is stopped because of a login."""


def _hear_of_trouble(environment: Environment, runner: Runner, **_: Any) -> None:
    """Let the master stop everybody when one worker's login is refused."""

    def heard(environment: Environment, msg: Any, **_: Any) -> None:
        stop_test(environment, str(msg.data["why"]))

    if isinstance(runner, MasterRunner):
        runner.register_message(TROUBLE, heard, concurrent=True)


events.init.add_listener(_hear_of_trouble)
