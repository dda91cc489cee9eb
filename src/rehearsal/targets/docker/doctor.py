"""What the Docker target needs of this machine; another target does without."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets.check import Check
from rehearsal.targets.docker.engine import script
from rehearsal.targets.docker.target import DockerTarget


def look() -> Iterator[Check]:
    """Yield the checks in the order in which a cold start needs them; one that fails hides what needs it."""
    stack = DockerTarget().stack
    engine = found("Docker engine", stack.engine.version)
    yield engine
    if not engine.ok:
        return
    compose = found("Docker Compose", stack.engine.compose_version)
    yield compose
    if compose.ok:
        yield found("Docker images", lambda: images(stack.images, stack.missing_images))


def found(name: str, asked: Callable[[], str]) -> Check:
    """Return the check of what *asked* returns, or of the error that it raises."""
    try:
        return Check(name, True, asked(), needed=False)
    except EnvironmentNotReady as problem:
        detail, _, fix = str(problem).partition("; ")
        return Check(name, False, detail, fix.removeprefix("run: ") or "rehearse up --target native", needed=False)


def images(wanted: Callable[[], dict[str, str]], missing: Callable[[], tuple[str, ...]]) -> str:
    """Return the images; raises `EnvironmentNotReady` when one is not here."""
    lacking = missing()
    if lacking:
        raise EnvironmentNotReady(
            f"{', '.join(lacking)} not here; run: {' && '.join(f'docker pull {image}' for image in lacking)}   "
            f"(where none can be pulled: {script('build-images')})"
        )
    return ", ".join(wanted().values())
