"""The values of the profiles' rules, server by server (the differences measured or read from MySQL's recorded tests)."""

from __future__ import annotations

import pytest

from minidb.innodb.lock_modes import GAP, NEXT_KEY, REC
from minidb.innodb.profile import PROFILES, get_profile

MARIA, MYSQL = get_profile("mariadb-10.11"), get_profile("mysql-8.4")


def test_profiles_are_found_by_name() -> None:
    assert {name: get_profile(name).name for name in PROFILES} == {"mariadb-10.11": "mariadb-10.11", "mysql-8.4": "mysql-8.4"}
    with pytest.raises(ValueError, match=r"known: mariadb-10\.11, mysql-8\.4"):
        get_profile("oracle")


def test_equality_hits() -> None:
    assert (MARIA.unique_secondary_hit(), MYSQL.unique_secondary_hit()) == (NEXT_KEY, REC)
    assert (MARIA.delete_marked_clustered_hit(), MYSQL.delete_marked_clustered_hit()) == (REC, NEXT_KEY)


@pytest.mark.parametrize("clustered", [True, False])
@pytest.mark.parametrize("natural", [True, False])
def test_range_ends(clustered: bool, natural: bool) -> None:
    assert MARIA.beyond_range_end(clustered, natural) == NEXT_KEY
    assert MYSQL.beyond_range_end(clustered, natural) == (GAP if clustered and natural else NEXT_KEY)
    for closed, full_key in ((True, True), (True, False), (False, True)):
        assert not MARIA.range_ends_on_hit(clustered, natural, closed, full_key)
        assert MYSQL.range_ends_on_hit(clustered, natural, closed, full_key) == (clustered and natural and closed and full_key)


def test_switches() -> None:
    for rule, maria, mysql in [
        ("unlocks_through_secondary", False, True),
        ("own_insert_becomes_explicit", False, True),
        ("partial_rollback_leaves_gap", False, True),
    ]:
        assert (getattr(MARIA, rule)(), getattr(MYSQL, rule)()) == (maria, mysql), rule
    for name, maria_value, mysql_value in [
        ("nowait_error", 1205, 3572),
        ("for_share_allowed", False, True),
        ("wait_clause_allowed", True, False),
        ("isolation_variable", "tx_isolation", "transaction_isolation"),
        ("autoinc_lock_mode", 1, 2),
        ("lock_wait_timeout_minimum", 0, 1),
    ]:
        assert (getattr(MARIA, name), getattr(MYSQL, name)) == (maria_value, mysql_value), name
    assert not MARIA.old_view_may_read(index_is_new=False)
    assert MYSQL.old_view_may_read(index_is_new=False)
    assert not MYSQL.old_view_may_read(index_is_new=True)
