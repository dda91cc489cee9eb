"""The containers of docker-compose.yml, one PostgreSQL and one Odoo: started, looked at, and removed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell
from rehearsal.targets import process
from rehearsal.targets.dialect import TESTED
from rehearsal.targets.docker.engine import ASK_SECONDS, Engine, meaning
from rehearsal.targets.server import health

PROJECT = "peak-rehearsal"
DB, ODOO = "db", "odoo"
OFFICIAL_IMAGES = {DB: "postgres:17", ODOO: "odoo:19.0"}
"""What docker-compose.yml names where nobody says otherwise."""
LOCAL_IMAGES = {DB: "peak-rehearsal/postgres:17", ODOO: "peak-rehearsal/odoo:19.0"}
"""What docker/build-images makes."""
IMAGE_SETTINGS = {DB: "POSTGRES_IMAGE", ODOO: "ODOO_IMAGE"}
ADDONS = "/mnt/extra-addons"
CLOCK = "/clock"
HTTP_PORT, POSTGRES_PORT = 8069, 5432
UP_SECONDS = 420.0
DOWN_SECONDS = 120.0
ANSWER_SECONDS = 90.0
LOG_LINES = 200
SAID = "rehearse:"
"""How the start scripts in compose/ begin a line that a person must act on."""


@dataclass(frozen=True, slots=True)
class Container:
    """What the engine says of one container now."""

    service: str
    id: str
    image: str
    running: bool
    paused: bool
    pid: int
    ports: Mapping[int, int]
    """Which port of 127.0.0.1 leads to which port inside, by the latter."""
    addons: tuple[Path, ...] = ()
    """The folder of this machine that is mounted for the customer's modules."""
    clock: Path | None = None
    """The folder of this machine that is mounted for scenario time."""


@dataclass(frozen=True, slots=True)
class Stack:
    """One Compose project, from the *folder* that holds docker-compose.yml."""

    engine: Engine
    folder: Path
    project: str = PROJECT

    def compose(self, words: Sequence[str], what: str, seconds: float = ASK_SECONDS) -> str:
        """Run ``docker compose WORDS`` for this project and return its stdout."""
        return self.engine.docker(
            ["compose", "--project-name", self.project, "--progress", "quiet", *words], what, seconds=seconds, cwd=self.folder
        )

    @property
    def odoo_version(self) -> str:
        """The version of Odoo that is asked for."""
        return os.environ.get("ODOO_VERSION") or TESTED[-1]

    def require_override(self, series: str) -> None:
        """Raise `EnvironmentNotReady` unless compose/ says what Odoo *series* needs."""
        path = self.folder / "compose" / f"odoo-{series}.yml"
        if not path.is_file():
            known = ", ".join(sorted(file.stem.removeprefix("odoo-") for file in path.parent.glob("odoo-*.yml")))
            raise EnvironmentNotReady(
                f"there is no {path.name} in {path.parent}, so nobody knows what Odoo {series} needs; there is {known}: "
                f"copy one as {path.name} and correct it, or unset ODOO_VERSION"
            )

    def config(self) -> dict[str, Any]:
        """Return docker-compose.yml as Compose understands it, with the user's settings filled in."""
        told: dict[str, Any] = json.loads(self.compose(["config", "--format", "json"], "reading docker-compose.yml"))
        return told

    def images(self) -> dict[str, str]:
        """Return the image of each service: as set, else the official one, else one that was built here."""
        services = self.config()["services"]
        found = {service: str(services[service]["image"]) for service in (DB, ODOO)}
        for service, local in LOCAL_IMAGES.items():
            is_set = IMAGE_SETTINGS[service] in os.environ or found[service] != OFFICIAL_IMAGES[service]
            if not is_set and self.engine.image(found[service]) is None and self.engine.image(local) is not None:
                found[service] = local
        return found

    def missing_images(self) -> tuple[str, ...]:
        """Return the images that are not here."""
        return tuple(image for image in self.images().values() if self.engine.image(image) is None)

    def up(self, progress: Tell) -> None:
        """Start both services, and wait until they are healthy; does nothing to those that run as they should."""
        images = self.images()
        for image in images.values():
            if self.engine.image(image) is None:
                progress(f"pulling image {image}")
                self.engine.pull(image)
        self.provide_clock()
        settings = {IMAGE_SETTINGS[service]: image for service, image in images.items()}
        chosen = replace(self, engine=replace(self.engine, settings={**self.engine.settings, **settings}))
        words = ["up", "--detach", "--wait", "--wait-timeout", str(int(UP_SECONDS)), "--pull", "never", "--no-build"]
        try:
            chosen.compose(words, "starting the containers", UP_SECONDS + 30)
        except EnvironmentNotReady as failed:
            raise EnvironmentNotReady(self.complaint() or f"{failed}\n  {self.log_tail()}") from failed

    def provide_clock(self) -> None:
        """Make the folder that is mounted for scenario time, so that it is the caller's: the engine would make it root's."""
        for mount in self.config()["services"][DB].get("volumes", ()):
            if mount["target"] == CLOCK:
                Path(mount["source"]).mkdir(parents=True, exist_ok=True)

    def complaint(self) -> str:
        """Return what a start script of ours said to a person before it gave up; empty when none did."""
        for container in self.containers().values():
            if not container.running:
                for line in self.logs(container.id).splitlines():
                    if line.startswith(SAID):
                        return line.removeprefix(SAID).strip()
                    if "No space left on device" in line:
                        return str(meaning(line))
        return ""

    def log_tail(self, lines: int = 8) -> str:
        """Return the last lines that the containers wrote."""
        logs = [self.logs(container.id) for container in self.containers().values()]
        return "\n  ".join(line for log in logs for line in log.splitlines()[-lines:])

    def logs(self, container: str) -> str:
        """Return the end of what a container wrote, to whichever stream."""
        return self.engine.both(["logs", "--tail", str(LOG_LINES), container], "reading a container's log")

    def logs_between(self, service: str, begun: float, ended: float) -> str:
        """Return what the container of *service* wrote between two times in seconds of the epoch."""
        words = ["logs", "--since", f"{begun:.6f}", "--until", f"{ended:.6f}", self.need(service).id]
        return self.engine.both(words, "reading a container's log")

    def containers(self) -> dict[str, Container]:
        """Return the containers that are there, running or not, by service."""
        label = f"label=com.docker.compose.project={self.project}"
        words = ["ps", "--all", "--quiet", "--filter", label, "--filter", "label=com.docker.compose.oneoff=False"]
        ids = self.engine.docker(words, "looking for containers").split()
        found = [container_of(told) for told in self.engine.inspect(ids, "looking at containers")]
        return {container.service: container for container in found if container.service in (DB, ODOO)}

    def need(self, service: str) -> Container:
        """Return the container of *service*, which must be there."""
        found = self.containers().get(service)
        if found is None:
            raise EnvironmentNotReady("Odoo's containers are not there; run: rehearse up --target docker")
        return found

    def run(
        self, service: str, words: Sequence[str], what: str, *, user: str = "root", stdin: str = "", seconds: float = ASK_SECONDS
    ) -> str:
        """Run a program inside the container of *service* and return its stdout; *stdin* is the road for secrets."""
        name = f"{self.project}-{service}-1"
        try:
            return self.engine.docker(["exec", "--interactive", "--user", user, name, *words], what, stdin=stdin, seconds=seconds)
        except EnvironmentNotReady as failed:
            if "No such container" in str(failed) or "is not running" in str(failed):
                raise EnvironmentNotReady(f"{what}: container {name} does not run; run: rehearse up --target docker") from failed
            raise

    def unpause(self) -> None:
        """Let go on what was paused: a paused container can neither be stopped nor started."""
        for container in self.containers().values():
            if container.paused:
                self.engine.docker(["unpause", container.id], f"letting {container.service} go on")

    def start(self) -> None:
        """Let go on what was paused, start what has stopped, and wait until all answers."""
        self.unpause()
        for container in self.containers().values():
            if not container.running:
                self.engine.docker(["start", container.id], f"starting {container.service}")
        self.await_answers()

    def await_answers(self) -> None:
        """Wait until PostgreSQL and Odoo answer; bounded."""
        if not process.wait_until(self.answers, ANSWER_SECONDS):
            told = self.complaint() or f"Odoo's containers did not answer within {ANSWER_SECONDS:.0f} s:\n  {self.log_tail()}"
            raise EnvironmentNotReady(f"{told}\nrun: rehearse down --target docker && rehearse up --target docker")

    def answers(self) -> bool:
        """Whether Odoo answers, and says that it reaches PostgreSQL."""
        odoo = self.containers().get(ODOO)
        return odoo is not None and odoo.running and not odoo.paused and health(odoo.ports.get(HTTP_PORT, 0))

    def down(self, volumes: bool = False) -> None:
        """Remove the containers and their network, with *volumes* the databases too; nothing that is not this project's."""
        self.unpause()
        # Drivers that `docker compose --profile load` started are the project's own, too.
        words = ["--profile", "load", "down", "--timeout", "10", *(["--volumes"] if volumes else [])]
        self.compose(words, "removing the containers", DOWN_SECONDS)

    def volumes(self) -> tuple[str, ...]:
        """Return the names of the project's volumes."""
        words = ["volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={self.project}"]
        return tuple(self.engine.docker(words, "looking for volumes").split())


def container_of(told: Mapping[str, Any]) -> Container:
    """Return the container that ``docker inspect`` tells of."""
    state, ports = told["State"], told["NetworkSettings"]["Ports"] or {}
    folders = {mount["Destination"]: Path(mount["Source"]) for mount in told["Mounts"] if mount["Type"] == "bind"}
    return Container(
        service=str(told["Config"]["Labels"].get("com.docker.compose.service", "")),
        id=str(told["Id"])[:12],
        image=str(told["Image"]),
        running=bool(state["Running"]),
        paused=bool(state["Paused"]),
        pid=int(state["Pid"]),
        addons=tuple(path for place, path in folders.items() if place == ADDONS),
        clock=folders.get(CLOCK),
        ports={int(inside.split("/")[0]): int(places[0]["HostPort"]) for inside, places in ports.items() if places},
    )
