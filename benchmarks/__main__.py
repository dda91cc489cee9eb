"""Ratios within one run: ``python -m benchmarks [simulators] [driving] [load]``. Nothing here is a test; machines differ, ratios less so."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import driving, load, simulators

BENCHMARKS: dict[str, Callable[[], list[str]]] = {
    "simulators": simulators.measured,
    "driving": driving.measured,
    "load": load.measured,
}


def main() -> None:
    """Run the named benchmarks, or all, and print one line per figure."""
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"no benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}")
    for name in wanted:
        print(name)
        for line in BENCHMARKS[name]():
            print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
