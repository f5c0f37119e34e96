"""The matrix of anomalies and levels: what InnoDB lets happen (the verdicts of the literature, by play), and what prevents it."""

from __future__ import annotations

import pytest

from minidb.lab.anomalies import ANOMALIES, LEVELS, run

HAPPENS_UP_TO = {  # the highest level at which the anomaly still happens; '' = never
    "dirty write": "",
    "dirty read": "READ UNCOMMITTED",
    "aborted read": "READ UNCOMMITTED",
    "intermediate read": "READ UNCOMMITTED",
    "non-repeatable read": "READ COMMITTED",
    "lost update": "REPEATABLE READ",
    "read skew": "READ COMMITTED",
    "write skew": "REPEATABLE READ",
    "phantom": "READ COMMITTED",
    "predicate-many-preceders": "READ COMMITTED",
    "observed-transaction-vanishes": "READ UNCOMMITTED",
    "read-only anomaly": "REPEATABLE READ",
}


@pytest.mark.parametrize("profile", ["mariadb-10.11", "mysql-8.4"])
@pytest.mark.parametrize("anomaly", ANOMALIES, ids=lambda a: a.name)
def test_verdicts(anomaly: object, profile: str) -> None:
    verdicts = [run(anomaly, level, profile) for level in LEVELS]  # type: ignore[arg-type]
    limit = HAPPENS_UP_TO[verdicts[0].anomaly.name]
    reach = LEVELS.index(limit) + 1 if limit else 0
    assert [v.how == "happens" for v in verdicts] == [i < reach for i in range(len(LEVELS))]
    assert verdicts[-1].how in ("block", "abort")  # SERIALIZABLE reads lock: never the snapshot


def test_a_play_is_the_same_twice() -> None:
    for anomaly in ANOMALIES:
        assert run(anomaly, "SERIALIZABLE").transcript == run(anomaly, "SERIALIZABLE").transcript
