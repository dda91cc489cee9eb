"""Ratios within one run: ``python -m benchmarks [simulators] [judge] [observe] [driving] [load]``. Nothing here is a test; machines
differ, ratios less so. ``scale`` writes the first three as a page.

Three are tables of their own: ``chaos``, every fault of infrastructure against both connectors; ``policies``, each policy of
the governed connector alone off; and ``connectors``, the promotional weekend with each of them, seed by seed. ``extending`` is
the page for those who add parts of their own, and needs no Odoo.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import chaos, connectors, driving, extending, judge, load, observe, policies, scale, simulators

BENCHMARKS: dict[str, Callable[[], list[str]]] = {
    "simulators": simulators.measured,
    "judge": judge.measured,
    "observe": observe.measured,
    "driving": driving.measured,
    "load": load.measured,
}

TABLES: dict[str, Callable[[list[str]], int]] = {
    "chaos": chaos.main,
    "policies": policies.main,
    "connectors": connectors.main,
    "extending": extending.main,
    "scale": scale.main,
}


def main() -> None:
    """Run the named benchmarks, or all, and print one line per figure."""
    if sys.argv[1:2] and sys.argv[1] in TABLES:
        sys.exit(TABLES[sys.argv[1]](sys.argv[2:]))
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"no benchmark {unknown[0]!r}; there are: {', '.join([*BENCHMARKS, *TABLES])}")
    for name in wanted:
        print(name)
        for line in BENCHMARKS[name]():
            print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
