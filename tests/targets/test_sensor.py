"""The sensor on a real Odoo and PostgreSQL: what is burnt is felt, what waits is counted, what is retried is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from rehearsal.load.vitals import Sample, Sampler, figures, stored
from rehearsal.targets.base import Database
from rehearsal.targets.native.target import NativeTarget
from rehearsal.targets.process import wait_until
from rehearsal.targets.sensor import LogFile, Reading, Sensor

Fresh = Callable[[], Database]
STATISTICS = ["10", "1", "0", "0", "1"]


def test_burning_a_core_in_postgresql_is_felt(target: NativeTarget, fresh: Fresh) -> None:
    """CPU seconds grow by about what the statement takes; memory is there; commits are counted."""
    database = fresh()
    sensor = target.sensor(database)
    before = sensor.read()
    target.sql(database, "SELECT count(*) FROM generate_series(1, 12000000) n WHERE n % 7 = 3")
    after = sensor.read()

    assert (before.odoo_cpu_s, before.postgres_cpu_s, before.commits) == (0.0, 0.0, 0)
    assert after.odoo_memory_bytes > 50_000_000
    assert after.postgres_memory_bytes > 1_000_000
    assert after.commits >= 1


def test_a_session_that_waits_for_a_lock_is_counted(target: NativeTarget, fresh: Fresh) -> None:
    """Two sessions want one row: while the first one holds it, the second one waits."""
    database = fresh()
    sensor = target.sensor(database)
    hold = "BEGIN; SELECT 1 FROM res_company FOR UPDATE; SELECT pg_sleep(3); COMMIT;"
    sessions = [threading.Thread(target=target.sql, args=(database, hold)) for _ in range(2)]
    for session in sessions:
        session.start()

    felt = wait_until(lambda: sensor.read().lock_waits == 1, 2.5)
    for session in sessions:
        session.join(20)

    assert felt
    assert sensor.read().lock_waits == 0


def sensed(log: Path, statistics: Sequence[str] = STATISTICS) -> Sensor:
    return Sensor(list, list, lambda: statistics, LogFile(log).lines)


def test_retries_are_read_from_odoos_log_from_now_on(tmp_path: Path) -> None:
    """Old lines don't count; a torn line waits for its end; a log that was begun anew is read from its start."""
    log = tmp_path / "odoo.log"
    retry = "INFO db odoo.service.model: SERIALIZATION_FAILURE, 4 tries left, try again in 0.1000 sec...\n"
    log.write_text(retry, encoding="utf-8")
    sensor = sensed(log)
    assert sensor.read().retries == 0
    with log.open("a", encoding="utf-8") as more:
        more.write(retry + retry[:60])
        more.flush()
        assert sensor.read().retries == 1
        more.write(retry[60:] + "INFO db odoo.service.model: SERIALIZATION_FAILURE, maximum number of tries reached!\n")
    read = sensor.read()
    assert (read.retries, read.given_up) == (2, 1)
    log.rename(tmp_path / "odoo.log.1")
    log.write_text(retry, encoding="utf-8")

    assert sensor.read().retries == 3


def test_samples_come_to_figures(tmp_path: Path) -> None:
    """Means over the whole time, peaks over one interval."""
    sensor = sensed(tmp_path / "none.log")
    with Sampler(sensor, tmp_path):
        pass
    assert 1 <= len(stored(tmp_path)) <= 2

    def reading(cpu_s: float, waits: int) -> Reading:
        return Reading(cpu_s, 5_000_000, cpu_s / 2, 2_000_000, 3, 1, 10, 2, 0, waits, 4)

    told = figures([Sample(0.0, reading(0.0, 0)), Sample(2.0, reading(1.0, 4)), Sample(4.0, reading(4.0, 2))])

    assert told is not None
    assert (told["odoo_cpu_cores"], told["odoo_cpu_cores_max"]) == (1.0, 1.5)
    assert (told["lock_waits_max"], told["lock_waits_mean"], told["serialization_retries"]) == (4, 2.0, 3)
    assert figures([]) is None


def test_a_target_that_cannot_be_seen_has_no_vitals(tmp_path: Path) -> None:
    """No sensor, no file, no figures."""
    with Sampler(None, tmp_path):
        pass

    assert stored(tmp_path) == []
