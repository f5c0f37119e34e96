"""innodb_deadlock_detect=OFF: nobody looks for cycles, so one ends when a wait has lasted too long (recorded by MySQL's tests)."""

from __future__ import annotations

import pytest

from minidb.lab.runner import play
from minidb.lab.scenario import parse

TEXT = """title: a cycle that nobody looks for

setup:
  CREATE TABLE t (id INT PRIMARY KEY, k INT) ENGINE=InnoDB;
  INSERT INTO t VALUES (1,1),(2,2);

steps:
  A: SET GLOBAL innodb_deadlock_detect=%s
  A: SET innodb_lock_wait_timeout=1
  A: BEGIN
  B: BEGIN
  A: UPDATE t SET k=10 WHERE id=1
  B: UPDATE t SET k=20 WHERE id=2
  A: UPDATE t SET k=11 WHERE id=2
  B: UPDATE t SET k=21 WHERE id=1
%s  A: ROLLBACK
  B: ROLLBACK

teardown:
  DROP TABLE t;
"""


@pytest.mark.parametrize("profile", ["mysql-8.4", "mariadb-10.11"])
@pytest.mark.parametrize(("detect", "code"), [("OFF", 1205), ("ON", 1213)])
def test_a_cycle_ends(profile: str, detect: str, code: int) -> None:
    wait = "  @wait A\n" if detect == "OFF" else ""
    played = play(parse(TEXT % (detect, wait)), profile)
    assert f"error {code}" in played
    assert f"error {1205 + 1213 - code}" not in played
