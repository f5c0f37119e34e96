"""What differs between servers, as named rules on one object.  `Profile` itself is 'mariadb-10.11' (measured, the default);
`Mysql84` is 'mysql-8.4' and overrides the rules in which MySQL is known to differ.

The engine binds the methods it needs once; nobody compares a profile's name.  LOCKS.md says where each rule is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minidb.engine import Isolation
from minidb.innodb.lock_modes import CONFLICTS, GAP, NEXT_KEY, REC, X_NEXT_KEY, X_REC, X
from minidb.innodb.lock_objects import RecordLock, Request, TrxLocks


class Profile:
    """MariaDB 10.11."""

    name = "mariadb-10.11"
    version = "10.11.19-MariaDB-minidb"

    # ---- numbers, words and switches
    nowait_error = 1205
    for_share_allowed = False  # FOR SHARE, FOR UPDATE OF t
    wait_clause_allowed = True  # FOR UPDATE WAIT n; ALTER TABLE ... WAIT n / NOWAIT
    forced_range_may_scan = False  # a range of a forced index that holds the whole table is read as a scan of the index
    myisam_descending = True  # MyISAM has descending indexes; else DESC is 1178 there
    product = "MariaDB"  # as messages name the server
    isolation_variable = "tx_isolation"
    read_only_variable = "tx_read_only"
    autoinc_lock_mode = 1
    lock_wait_timeout_minimum = 0
    duplicate_key_names_table = False  # 1062 names the key as 'table.key'
    drops_all_or_none = False  # DROP TABLE a, b: all of them or none; else one after the other, those that can be dropped
    has_snapshot_isolation = True  # innodb_snapshot_isolation exists
    has_data_locks = False  # performance_schema.data_locks exists (minidb shows it anyway)

    # ---- views
    snapshot_ignored = "InnoDB: WITH CONSISTENT SNAPSHOT is ignored at READ UNCOMMITTED isolation level."

    def begins_with_snapshot(self, isolation: int) -> bool:
        """Does START TRANSACTION WITH CONSISTENT SNAPSHOT open a view at this level?  (Else warning 138, `snapshot_ignored`.)"""
        return isolation >= Isolation.READ_COMMITTED

    # ---- what a scan locks
    def unique_secondary_hit(self) -> int:
        """Kind of lock on a live entry found by equality on all columns of a UNIQUE secondary index (repeatable read)."""
        return NEXT_KEY

    def delete_marked_clustered_hit(self) -> int:
        """Kind of lock on a delete-marked record found by equality on the whole clustered key (repeatable read)."""
        return REC

    def beyond_range_end(self, clustered: bool, natural_order: bool, full_read: bool = False) -> int:
        """Kind of lock on the first entry beyond the end of a range (repeatable read; the supremum is always next-key).
        natural_order: the scan runs in the physical order of the index.  full_read: the scan has no end condition."""
        return NEXT_KEY

    def range_ends_on_hit(self, clustered: bool, natural_order: bool, closed: bool, full_key: bool) -> bool:
        """Does a range scan stop on the record that equals its closed end, so that nothing behind is locked?
        full_key: the end is given on all columns of the key."""
        return False

    # ---- READ COMMITTED
    def rollback_forgets_writer(self) -> bool:
        """Does a rollback that puts back a row which everybody sees clear its transaction id?  A reader without an id of its own
        then takes the row for one that it has changed, and does not give its lock back."""
        return True

    def unlocks_through_secondary(self) -> bool:
        """Are rows that do not match given back when the scan came through a secondary index?"""
        return False

    def inherits_on_removal(self, holder: TrxLocks, flags: int) -> bool:
        """At READ COMMITTED and below: does this lock become a gap lock on the successor when its record vanishes?  Only locks of
        constraint checks do: S, or X in a REPLACE / ON DUPLICATE KEY UPDATE."""
        return (flags & 1) == (X if holder.duplicates else 0)

    # ---- own rows
    def own_insert_becomes_explicit(self) -> bool:
        """A range scan over an own inserted row: is its implicit lock written down as X rec first (so that only the gap is
        added), or is the row locked next-key at once?"""
        return False

    def owns_entries_of_own_rows(self) -> bool:
        """Does a transaction that has changed a row hold all secondary entries of the row on a young page implicitly, even those
        that its changes did not touch?"""
        return True

    def partial_rollback_leaves_gap(self) -> bool:
        """Failed statement, ROLLBACK TO: do rows taken out again leave an X gap lock on their successor (repeatable read)?"""
        return False

    # ---- queues
    def overtakes(self, request: int, waiting: int, held: int) -> bool:
        """May `request` pass a conflicting request `waiting` in front of it?  held: bits of the locks that the requester already
        has on the record."""
        return False

    def granted_first(self) -> bool:
        """Are granted locks kept in front of waiting requests?  Then a request is granted as soon as no granted lock stands in its
        way, and when a lock goes only those requests are considered whose followed blocker (see `blocker`) has gone.  Else the
        queue keeps the order of arrival and a request waits for everything in front of it."""
        return False

    def grant_order(self, requests: Sequence[Request], waiters_on: Callable[[TrxLocks], int]) -> list[Request]:
        """The order in which waiting requests of one record are considered for a grant.  waiters_on: how many transactions
        wait, directly or through others, for a transaction."""
        return list(requests)

    def blocker(self, blockers: Sequence[RecordLock | Request]) -> TrxLocks:
        """Which one of several blockers, in queue order, the deadlock search follows."""
        return blockers[0].holder

    # ---- definitions
    def old_view_may_read(self, index_is_new: bool) -> bool:
        """May a read view older than an added index read the table?  index_is_new: the read uses that index.  (Else 1412.)"""
        return False


class Mysql84(Profile):
    """MySQL 8.4."""

    name = "mysql-8.4"
    version = "8.4.0-minidb"
    nowait_error = 3572
    for_share_allowed = True
    wait_clause_allowed = False
    forced_range_may_scan = True
    myisam_descending = False
    product = "MySQL"
    isolation_variable = "transaction_isolation"
    read_only_variable = "transaction_read_only"
    autoinc_lock_mode = 2
    lock_wait_timeout_minimum = 1
    duplicate_key_names_table = True
    drops_all_or_none = True
    has_snapshot_isolation = False
    has_data_locks = True
    snapshot_ignored = (
        "InnoDB: WITH CONSISTENT SNAPSHOT was ignored because this phrase can only be used with REPEATABLE READ isolation level."
    )

    def begins_with_snapshot(self, isolation: int) -> bool:
        return isolation == Isolation.REPEATABLE_READ

    def unique_secondary_hit(self) -> int:
        return REC

    def delete_marked_clustered_hit(self) -> int:
        return NEXT_KEY

    def beyond_range_end(self, clustered: bool, natural_order: bool, full_read: bool = False) -> int:
        return GAP if clustered and natural_order and not full_read else NEXT_KEY

    def range_ends_on_hit(self, clustered: bool, natural_order: bool, closed: bool, full_key: bool) -> bool:
        return clustered and natural_order and closed and full_key

    def rollback_forgets_writer(self) -> bool:
        return False

    def unlocks_through_secondary(self) -> bool:
        return True

    def inherits_on_removal(self, holder: TrxLocks, flags: int) -> bool:
        return holder.constraint_check

    def own_insert_becomes_explicit(self) -> bool:
        return True

    def owns_entries_of_own_rows(self) -> bool:
        return False

    def partial_rollback_leaves_gap(self) -> bool:
        return True

    def overtakes(self, request: int, waiting: int, held: int) -> bool:
        """X passes a waiting X that waits for the requester itself: an upgrade is no deadlock."""
        exclusive = (X_REC, X_NEXT_KEY)
        return request in exclusive and waiting in exclusive and bool(CONFLICTS[waiting] & held)

    def granted_first(self) -> bool:
        return True

    def grant_order(self, requests: Sequence[Request], waiters_on: Callable[[TrxLocks], int]) -> list[Request]:
        """Heavier first (the more transactions wait for it); a weight of 1 or less counts as none; equals in queue order."""
        return sorted(requests, key=lambda r: -max(1, waiters_on(r.holder)))

    def blocker(self, blockers: Sequence[RecordLock | Request]) -> TrxLocks:
        """The latest granted lock, else the first waiting one: MySQL keeps granted locks in front, newest first."""
        granted = [b for b in blockers if isinstance(b, RecordLock)]
        return granted[-1].holder if granted else blockers[0].holder

    def old_view_may_read(self, index_is_new: bool) -> bool:
        return not index_is_new


PROFILES: dict[str, type[Profile]] = {p.name: p for p in (Profile, Mysql84)}


def get_profile(name: str) -> Profile:
    """The profile called `name`.  Raises ValueError naming the known ones."""
    try:
        return PROFILES[name]()
    except KeyError:
        raise ValueError(f"unknown profile {name!r}; known: {', '.join(PROFILES)}") from None
