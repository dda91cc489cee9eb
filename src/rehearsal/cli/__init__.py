"""The command line: ``rehearse``. Data on stdout, messages on stderr; heavy imports wait until a command needs them."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from rehearsal.cli.words import app, tell
from rehearsal.errors import RehearsalError

# Each registers its commands, and `--help` shows them in this order.
# isort: off
from rehearsal.cli import target, init, plan, fit, rehearsal, record, parts  # noqa: F401

# isort: on


def main() -> None:
    """Run the command line; a user sees sentences, never a traceback (unless REHEARSE_DEBUG is set)."""
    import signal

    from rehearsal.strangers import no_way_out

    debug = "--debug" in sys.argv or bool(os.environ.get("REHEARSE_DEBUG"))
    sys.argv = [word for word in sys.argv if word != "--debug"]
    for wanted in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(wanted) is not signal.SIG_IGN:  # of a job in the background, whom Ctrl-C must not reach
            signal.signal(wanted, _interrupted)
    try:
        with no_way_out():
            app()
    except RehearsalError as error:
        if debug:
            raise
        _end(str(error), error.exit_code)
    except KeyboardInterrupt:
        if debug:
            raise
        _end("interrupted", 130)
    except BrokenPipeError:
        os._exit(0)  # whoever read our output has gone; what a verdict says it says by `say`, which never comes here
    except OSError as error:
        if debug:
            raise
        _end(f"the machine refused: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", 3)
    except Exception as error:
        if debug:
            raise
        _end(f"the harness failed ({type(error).__name__}: {error}); run again with --debug to see where, and report it", 5)


def _interrupted(*_: object) -> NoReturn:
    """End cleanly, whoever asks: Ctrl-C, or whoever stops a job politely. A connector that raises the same is told from it."""
    raise KeyboardInterrupt


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("peak-rehearsal"))
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)] = False,
) -> None:
    """Take what stands before the command."""


def _end(message: str, code: int) -> NoReturn:
    tell(f"rehearse: {message}")
    raise SystemExit(code)
