"""Ratios within one run: ``python -m benchmarks [simulators] [driving] [load]``. Nothing here is a test; machines differ, ratios less so.

``python -m benchmarks chaos`` is a table of its own: every fault of infrastructure against both connectors.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import chaos, driving, load, simulators

BENCHMARKS: dict[str, Callable[[], list[str]]] = {
    "simulators": simulators.measured,
    "driving": driving.measured,
    "load": load.measured,
}


def main() -> None:
    """Run the named benchmarks, or all, and print one line per figure."""
    if sys.argv[1:2] == ["chaos"]:
        sys.exit(chaos.main(sys.argv[2:]))
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"no benchmark {unknown[0]!r}; there are: {', '.join([*BENCHMARKS, 'chaos'])}")
    for name in wanted:
        print(name)
        for line in BENCHMARKS[name]():
            print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
