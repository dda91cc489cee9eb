"""Taking the containers into scenario time and back: each way is one restart of both; none is made anew.

Both mount one folder of this machine, which holds the offset. While it holds the file `MARKER` too, the start
scripts in compose/ preload libfaketime as that file says. The caller holds the cache's lock.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady, NoScenarioTime
from rehearsal.model import Tell
from rehearsal.targets import faketime, process, server
from rehearsal.targets.docker.engine import script
from rehearsal.targets.docker.stack import ANSWER_SECONDS, CLOCK, DB, HTTP_PORT, IMAGE_SETTINGS, ODOO, Stack
from rehearsal.targets.docker.workshop import ROLE, ContainerPostgres
from rehearsal.targets.faketime import ScenarioTime
from rehearsal.targets.native import scenario_time
from rehearsal.targets.sql import MAINTENANCE

MARKER = "on"
OTHERWISE = "take containers of your own for this run: COMPOSE_PROJECT_NAME=mine ODOO_PORT=8070 POSTGRES_PORT=15433 rehearse ..."
"""What whoever finds these containers in use can do instead."""
LIBRARIES = {DB: faketime.ONE_THREAD, ODOO: faketime.MANY_THREADS}
SETTINGS = {DB: "DB_PRELOAD", ODOO: "ODOO_PRELOAD"}
"""What the marker calls the environment of each server; the start scripts know these names."""
PLACES = "/usr/lib/*/faketime /usr/lib64/faketime /usr/lib/faketime /usr/local/lib/faketime"
"""Where an image may have the libraries."""
FIND = 'for place in $1; do if [ -e "$place/$2" ]; then echo "$place/$2"; exit; fi; done'
STOP_SECONDS = 10


def begin(stack: Stack, clock: ScenarioTime, at: datetime, progress: Tell) -> None:
    """Restart both containers so that they take *at* for now.

    Raises `NoScenarioTime` when that is not possible; they then run, on the real time.
    """
    place, preloads = place_of(stack), {service: preload(stack, service) for service in SETTINGS}
    try:
        clock.begin_in(place, at)
        write_marker(place, preloads)
    except OSError as problem:
        clock.forget()
        raise NoScenarioTime(
            f"{place}, which the containers mount as their clock, cannot be written ({problem.strerror}); "
            f"run: sudo chown -R $USER {place}"
        ) from problem
    progress("restarting PostgreSQL and Odoo in scenario time")
    try:
        restart(stack)
        require_told(stack, clock)
    except EnvironmentNotReady as problem:
        end(stack, clock, progress)
        raise NoScenarioTime(f"PostgreSQL or Odoo did not take to {faketime.PACKAGE}: {problem}") from problem


def end(stack: Stack, clock: ScenarioTime, progress: Tell) -> None:
    """Restart both containers on the real time."""
    switch_off(clock)
    progress("restarting PostgreSQL and Odoo on the real time")
    restart(stack)
    clock.forget()


def leave(stack: Stack, clock: ScenarioTime, progress: Tell) -> None:
    """Take containers back to the real time that a command which is gone left in scenario time.

    Raises `EnvironmentNotReady` when that command still lives.
    """
    if not clock.begun or clock.is_ours:
        return
    clock.require_unkept(OTHERWISE)
    switch_off(clock)
    if {DB, ODOO} <= stack.containers().keys():
        progress("restarting PostgreSQL and Odoo on the real time")
        restart(stack)
    clock.forget()


def switch_off(clock: ScenarioTime) -> None:
    """Let containers that start from here on take the real time."""
    if clock.begun:
        (clock.offset.path.parent / MARKER).unlink(missing_ok=True)
        clock.end()


def place_of(stack: Stack) -> Path:
    """Return the folder of this machine that both containers mount as their clock."""
    places = {stack.need(service).clock for service in SETTINGS}
    place = places.pop()
    if place is None or places:
        raise NoScenarioTime(
            f"the containers do not mount one folder at {CLOCK}: an older docker-compose.yml made them; "
            "run: rehearse down --target docker && rehearse up --target docker"
        )
    return place


def preload(stack: Stack, service: str) -> str:
    """Return the library for *service* inside its image; raises `NoScenarioTime` when there is none."""
    words = ["sh", "-c", FIND, "sh", PLACES, LIBRARIES[service]]
    found = stack.run(service, words, f"looking for {faketime.PACKAGE}").strip()
    if not found:
        setting = IMAGE_SETTINGS[service]
        raise NoScenarioTime(
            f"the image of container {service} has no {LIBRARIES[service]} in {PLACES.replace(' ', ', ')}; "
            f"take one that has Debian's package {faketime.PACKAGE}: {script('build-images')} makes such images, or add "
            f"it to yours (RUN apt-get update && apt-get install -y {faketime.PACKAGE}) and name that: {setting}=IMAGE"
        )
    return found


def write_marker(place: Path, libraries: dict[str, str]) -> None:
    """Tell the start scripts what each server needs, as settings of a shell."""
    told = {"LIMIT_TIME_REAL": str(faketime.WATCHDOG_SECONDS)}
    for service, library in libraries.items():
        needed = faketime.environment(library, f"{CLOCK}/offset")
        told[SETTINGS[service]] = " ".join(f"{key}={value}" for key, value in needed.items())
    marker = place / MARKER
    marker.write_text("".join(f"{key}={shlex.quote(value)}\n" for key, value in told.items()), encoding="ascii")
    marker.chmod(0o644)


def restart(stack: Stack) -> None:
    """Stop Odoo, restart PostgreSQL, and start Odoo when that answers: its start script asks PostgreSQL."""
    stack.unpause()
    db, odoo = stack.need(DB), stack.need(ODOO)
    stop = ["--time", str(STOP_SECONDS)]
    stack.engine.docker(["stop", *stop, odoo.id], f"stopping container {ODOO}")
    stack.engine.docker(["restart", *stop, db.id], f"restarting container {DB}")
    if not process.wait_until(lambda: postgres_answers(stack), ANSWER_SECONDS):
        raise EnvironmentNotReady(
            f"PostgreSQL did not answer within {ANSWER_SECONDS:.0f} s:\n  {stack.complaint() or stack.log_tail()}\n"
            "run: rehearse down --target docker && rehearse up --target docker"
        )
    stack.engine.docker(["start", odoo.id], f"starting container {ODOO}")
    stack.await_answers()


def postgres_answers(stack: Stack) -> bool:
    """Whether PostgreSQL accepts connections."""
    words = ["pg_isready", "--quiet", "--host=127.0.0.1", f"--username={ROLE}", "--dbname=postgres"]
    try:
        stack.run(DB, words, "asking PostgreSQL")
    except EnvironmentNotReady:
        return False
    return True


def require_told(stack: Stack, clock: ScenarioTime) -> None:
    """Raise `EnvironmentNotReady` unless both servers tell the time of *clock*."""
    odoo = server.told_at(stack.need(ODOO).ports[HTTP_PORT])
    scenario_time.require_same(odoo, ContainerPostgres(stack).sql(MAINTENANCE, scenario_time.NOW)[0][0], clock)
