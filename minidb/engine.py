"""THE DOOR: what a storage engine offers to the SQL road, and all that the road may assume of an engine.

Rows.  A row crosses the door as one flat tuple: the table's columns in order (``row[i]`` is column i), then a private tail that
only the engine reads (InnoDB: [row id,] transaction id, roll pointer, delete mark; MyISAM: row address).  The tail travels back
with the row in `update` and `delete`, which is how the engine finds the row again.  A *covering* scan delivers index entries
instead: ``entry_layout(index)`` says which column stands at which place of the tuple (private tail allowed after them).
Values that go in (`insert`, `update`) are complete column tuples without a tail, already converted to the columns' types.

Keys.  Keys cross the door as *order keys* (minidb.types.keys): a collated string is its weight string, NULL is keys.NULL (sorts
first), everything else is itself.  `KeyRange` bounds are tuples over a prefix of the index's columns.  A full key of `get` is the
bare value for a single-column index, a tuple for a composite one; `key_maker(index)` gives the function column values -> key.

Latch.  Every method below takes the database latch itself, for one row operation or one leaf batch, and never holds it on return.
Only methods marked "may wait" can park the session (row, table or metadata lock); they raise 1205 / 1213 / 1317 / 3572 then.
Nothing is asked back upwards: index, range, direction, mode and policy are told at open.

Statement atomicity.  The road calls `begin_statement` before the first row operation of a changing statement and
`end_statement(trx, ok)` after it; with ok=False a transactional engine undoes the statement's changes (locks stay), MyISAM
keeps them (fact F11).
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from minidb.catalog import TableDef

Row = tuple[Any, ...]
Key = Any


class ReadMode(enum.IntEnum):
    """How a row is read.  SNAPSHOT: consistent read by the transaction's read view (READ UNCOMMITTED: newest version), no lock.
    SHARED / EXCLUSIVE: newest version, locked S / X."""

    SNAPSHOT = 0
    SHARED = 1
    EXCLUSIVE = 2


class WaitPolicy(enum.IntEnum):
    WAIT = 0
    NOWAIT = 1
    SKIP_LOCKED = 2


class Isolation(enum.IntEnum):
    READ_UNCOMMITTED = 0
    READ_COMMITTED = 1
    REPEATABLE_READ = 2
    SERIALIZABLE = 3


class TableLock(enum.IntEnum):
    """What a statement asks of a whole table when it opens it (MyISAM: the lock itself; InnoDB: IS/IX are taken as rows are)."""

    NONE = 0
    READ = 1
    READ_LOCAL = 2
    CONCURRENT_INSERT = 3
    WRITE_LOW_PRIORITY = 4
    WRITE = 5


@dataclass(slots=True, unsafe_hash=True)
class KeyRange:
    """A range over an index.  `low`/`high`: order keys of a prefix of the index's columns, None = open.  An equality has
    low == high, both inclusive.  A value, never changed once made; not frozen, because statements make them all the time and a
    frozen dataclass takes several times as long to make."""

    low: tuple[Any, ...] | None = None
    high: tuple[Any, ...] | None = None
    low_inclusive: bool = True
    high_inclusive: bool = True

    @property
    def is_equality(self) -> bool:
        return self.low is not None and self.low == self.high and self.low_inclusive and self.high_inclusive


FULL = KeyRange()


class ScanPurpose(enum.IntEnum):
    """Which kind of statement scans: it decides a few locks (semi-consistent read, covering FOR UPDATE, range ends)."""

    SELECT = 0
    UPDATE = 1
    DELETE = 2


@dataclass(slots=True, unsafe_hash=True)
class Scan:
    """All that an engine is told about a scan; a value like `KeyRange`.  `index` is the ordinal in TableDef.indexes, None = table
    scan (clustered / heap).

    ranges: in index order, disjoint (IN lists and ORs give several); for reverse=True the engine walks them from the last.
    condition: pushed-down index condition, a function over the index *entry* in entry_layout order (None = none).
    covering: deliver entries, not rows.  limit_hint: stop asking after so many rows (information only).
    equality_parts: how many leading index columns are compared with = in every range.
    order_parts: for reverse=True, how many leading key parts (the clustered key's included) the wanted order spans; 0 = not told.
    """

    index: int | None
    ranges: tuple[KeyRange, ...] = (FULL,)
    reverse: bool = False
    mode: ReadMode = ReadMode.SNAPSHOT
    wait: WaitPolicy = WaitPolicy.WAIT
    covering: bool = False
    condition: Callable[[Row], bool] | None = None
    purpose: ScanPurpose = ScanPurpose.SELECT
    equality_parts: int = 0
    wait_seconds: float | None = None
    order_parts: int = 0


@dataclass(slots=True)
class Work:
    """Work done for one table of one statement (EXPLAIN ANALYZE) or in total (SHOW STATUS).  All counts since creation."""

    descents: int = 0
    pages_hit: int = 0
    pages_missed: int = 0
    rows_examined: int = 0
    rows_returned: int = 0
    clustered_lookups: int = 0
    address_reads: int = 0


@dataclass(frozen=True, slots=True)
class TableStats:
    """What SHOW TABLE STATUS and the optimizer want.  rows: exact for MyISAM, estimate for InnoDB.  Lengths in bytes."""

    rows: int
    data_length: int
    index_length: int
    data_free: int
    avg_row_length: int
    auto_increment: int | None
    row_format: str


class ChangedMeanwhile(Exception):
    """Raised by `Table.update` and `Table.delete` for a transaction that is `alone`: others are concerned since the row was read.
    Nothing was done; the statement is to be run anew, no longer alone."""


class Trx:
    """A session's transaction context, one object per session and engine-neutral in these fields; an engine may subclass it
    (`Engine.new_trx`) and reuse the object for one transaction after another.

    active: a transaction is open in the engine (it has read or changed something, or was begun explicitly).
    changed_non_transactional: a MyISAM table was changed since it began (warning 1196, deadlock weight).
    duplicates: the running statement replaces or updates duplicates (REPLACE, ON DUPLICATE KEY UPDATE): they are locked X.
    alone: the running statement is a transaction by itself, ends with its only change, and changes one row found by its key: an
    engine need not lock the row before the change.
    bulk_insert: the running statement inserts a number of rows not known beforehand (INSERT ... SELECT): AUTO-INC lock.
    lock_wait_timeout: innodb_lock_wait_timeout in seconds, 0 = never wait.
    foreign_key_checks: foreign keys are verified.
    snapshot_isolation: innodb_snapshot_isolation.
    """

    __slots__ = (
        "active", "alone", "autocommit", "bulk_insert", "changed_non_transactional", "duplicates", "foreign_key_checks",
        "isolation", "lock_wait_timeout", "read_only", "session_id", "session_name", "snapshot_isolation",
    )

    def __init__(self, session_id: int, session_name: str = "") -> None:
        self.session_id = session_id
        self.session_name = session_name or f"#{session_id}"
        self.isolation = Isolation.REPEATABLE_READ
        self.autocommit = True
        self.read_only = False
        self.active = False
        self.changed_non_transactional = False
        self.duplicates = False
        self.alone = False
        self.bulk_insert = False
        self.foreign_key_checks = True
        self.snapshot_isolation = False
        self.lock_wait_timeout = 50.0


@dataclass(slots=True)
class CheckResult:
    """What CHECK TABLE found: messages are empty when the table is sound.  warnings: what is to be known besides.  up_to_date:
    there was nothing to check."""

    messages: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    up_to_date: bool = False

    @property
    def ok(self) -> bool:
        return not self.messages


class Cursor(ABC):
    """One scan.  A snapshot scan is read by leaf batches, a locking scan row by row; never mix the two on one cursor."""

    @abstractmethod
    def next_batch(self) -> list[Row] | None:
        """The next non-empty batch of visible rows (about one leaf page), None at the end.  Latch: taken and released.
        Never waits.  The list is the caller's own."""

    @abstractmethod
    def next_row(self) -> Row | None:
        """The next row, locked as the scan's mode asks; None at the end.  May wait.  Raises 1205/1213/1317/3572."""

    @abstractmethod
    def unlock_row(self) -> None:
        """The row delivered last did not match: give its lock back where the isolation level and the profile allow it."""

    @abstractmethod
    def lock_current(self) -> Row | None:
        """After a semi-consistent read delivered a row unlocked and it matched: lock it (may wait) and return its present
        version, None if it is gone.  Where the row is locked already it is returned unchanged."""

    @property
    @abstractmethod
    def semi_consistent(self) -> bool:
        """True if the row delivered last was read without a lock (its last committed version)."""

    @abstractmethod
    def close(self) -> None: ...


class Table(ABC):
    """An open table.  Handles are cheap, shared between sessions and stay valid until the definition changes."""

    tdef: TableDef

    # ---- reading
    @abstractmethod
    def get(self, trx: Trx, index: int, key: Key, mode: ReadMode = ReadMode.SNAPSHOT,
            wait: WaitPolicy = WaitPolicy.WAIT) -> Row | None:
        """The row with full `key` in the unique index `index`, or None.  May wait unless SNAPSHOT."""

    @abstractmethod
    def lookup(self, trx: Trx, index: int, prefix: tuple[Any, ...]) -> list[Row]:
        """All visible rows (snapshot) whose entry in `index` begins with `prefix` (equality), in index order."""

    def lookup_entries(self, trx: Trx, index: int, prefix: tuple[Any, ...]) -> list[Row]:
        """Like `lookup` by a covering read: the entries of `index`, in `entry_layout` order, without going to the rows."""
        cursor = self.scan(trx, Scan(index, (KeyRange(prefix, prefix),), covering=True, equality_parts=len(prefix)))
        found: list[Row] = []
        while (batch := cursor.next_batch()) is not None:
            found += batch
        return found

    @abstractmethod
    def scan(self, trx: Trx, scan: Scan) -> Cursor:
        """Begin a scan.  Does not lock or read anything yet."""

    @abstractmethod
    def row_count(self, trx: Trx) -> int | None:
        """The exact stored row count (MyISAM), or None where the engine has to count (InnoDB)."""

    @abstractmethod
    def estimate(self, index: int, key_range: KeyRange) -> int:
        """Estimated number of entries in a range of `index`, by two descents."""

    @abstractmethod
    def stats(self) -> TableStats: ...

    @abstractmethod
    def key_maker(self, index: int) -> Callable[[Sequence[Any]], Key]:
        """Function from the column values of an index (in key-part order) to the key that `get` takes."""

    @abstractmethod
    def entry_layout(self, index: int) -> tuple[int, ...]:
        """Column ordinals at the places of an entry delivered by a covering scan of `index`.  Columns that the index holds
        only as a prefix are -1 (cannot be read from the entry)."""

    @abstractmethod
    def counted(self, work: Work) -> Table:
        """A twin handle on the same table that adds what it does to `work` (EXPLAIN ANALYZE)."""

    # ---- changing (inside begin_statement / end_statement)
    @abstractmethod
    def insert(self, trx: Trx, values: Row) -> None:
        """Insert one row.  May wait.  Raises 1062 (with the duplicate noted for `duplicate_of`), 1452."""

    @abstractmethod
    def duplicate_of(self, trx: Trx) -> tuple[int, Row] | None:
        """After 1062: (ordinal of the violated index, existing row), for ON DUPLICATE KEY UPDATE and REPLACE."""

    def is_referenced(self) -> bool:
        """Whether a foreign key of some table references this one."""
        return False

    @abstractmethod
    def update(self, trx: Trx, row: Row, values: Row) -> None:
        """Change `row` (as delivered by a locking read of this table) to `values`.  May wait.  Raises 1062, 1451, 1452."""

    @abstractmethod
    def delete(self, trx: Trx, row: Row) -> None:
        """Delete `row` (as delivered by a locking read of this table).  May wait.  Raises 1451."""

    def delete_all(self, trx: Trx) -> int | None:
        """Empty the table at once (DELETE without WHERE or LIMIT) and return how many rows it had; the auto-increment counter
        stays.  None: the engine deletes row by row only."""
        return None

    # ---- auto-increment
    @abstractmethod
    def next_auto_increment(self, trx: Trx, count: int) -> int:
        """Reserve `count` consecutive values, return the first.  May wait (AUTO-INC)."""

    def next_auto_increment_for(self, trx: Trx, values: Row) -> int:
        """The next value for one row whose other columns are `values` (MyISAM: where the AUTO_INCREMENT column comes first in no
        index the numbers restart for every prefix of the index that has it).  May wait."""
        return self.next_auto_increment(trx, 1)

    @abstractmethod
    def note_auto_increment(self, trx: Trx, value: int) -> None:
        """A row was given the explicit value `value`: move the counter behind it."""

    @abstractmethod
    def set_auto_increment(self, value: int) -> None:
        """ALTER TABLE ... AUTO_INCREMENT = value: the next value, never below max + 1."""

    # ---- looking inside
    @abstractmethod
    def check(self, extended: bool = False) -> CheckResult:
        """Verify every structure of the table (CHECK TABLE)."""

    @abstractmethod
    def dump_tree(self, index: int | None) -> list[Row]:
        """SHOW TREE: (level, page, prev, next, records, fill %, first key, last key, detail) top-down, left to right."""


class Loader(ABC):
    """Fills a new table: the rows first, then its indexes by sorting, with nothing to undo.  After an error the table is of no use
    and has to be dropped.  Latch: taken and released.  Never waits."""

    @abstractmethod
    def add(self, rows: Sequence[Row]) -> None:
        """Store rows (columns only).  Raises 1062, 1026, 1114, 1118."""

    @abstractmethod
    def finish(self) -> None:
        """All rows are there: build the indexes that are not yet.  Raises 1062, 1026, 1114."""


class Engine(ABC):
    """A storage engine of one database directory."""

    name: str
    transactional: bool

    # ---- definitions (called by database.py under an exclusive metadata lock; never wait)
    @abstractmethod
    def create_table(self, tdef: TableDef) -> None:
        """Make the files of a new, empty table.  All or nothing."""

    @abstractmethod
    def drop_table(self, tdef: TableDef) -> None: ...

    @abstractmethod
    def rename_table(self, old: TableDef, new: TableDef) -> None: ...

    @abstractmethod
    def truncate_table(self, tdef: TableDef) -> None:
        """Empty the table and reset its auto-increment counter."""

    @abstractmethod
    def update_definition(self, old: TableDef, new: TableDef) -> None:
        """The table is described by `new` from now on, which differs from `old` only in what the engine does not store (comment,
        foreign keys, names, defaults).  (InnoDB's `build_indexes` prepares other indexes for it; all else copies the table.)"""

    @abstractmethod
    def loader(self, tdef: TableDef, sort_bytes: int) -> Loader:
        """What fills the new, empty table `tdef`, which nobody else knows yet."""

    @abstractmethod
    def flush_table(self, tdef: TableDef) -> None:
        """Write everything of one open table and fsync."""

    @abstractmethod
    def open_table(self, tdef: TableDef) -> Table:
        """A handle.  Raises 1146 if the files are missing, CorruptPageError, 1194 if marked as crashed."""

    # ---- transactions
    @abstractmethod
    def new_trx(self, session_id: int, session_name: str = "") -> Trx:
        """The session's transaction context."""

    @abstractmethod
    def begin(self, trx: Trx, *, read_only: bool = False, snapshot: bool = False) -> None:
        """Open a transaction explicitly; snapshot=True opens the read view at once."""

    @abstractmethod
    def begin_statement(self, trx: Trx) -> None:
        """Mark the point that a failing statement returns to."""

    @abstractmethod
    def end_statement(self, trx: Trx, ok: bool) -> None:
        """End of a statement: undo it if not ok; close a per-statement read view (READ COMMITTED); release statement-long
        table locks (MyISAM, AUTO-INC)."""

    @abstractmethod
    def commit(self, trx: Trx) -> None: ...

    @abstractmethod
    def rollback(self, trx: Trx) -> None: ...

    @abstractmethod
    def savepoint(self, trx: Trx, name: str) -> None: ...

    @abstractmethod
    def rollback_to(self, trx: Trx, name: str) -> bool:
        """False if there is no such savepoint."""

    @abstractmethod
    def release_savepoint(self, trx: Trx, name: str) -> bool: ...

    def lock_tables(self, trx: Trx, requests: Sequence[tuple[Table, TableLock]], timeout: float | None = None,
                    high_priority: bool = False) -> None:
        """Take the table locks of a statement (or of LOCK TABLES), all in one call; they last to `unlock_tables`.  timeout:
        lock_wait_timeout in seconds, None = no limit.  high_priority: readers pass waiting writers.  May wait.  Raises 1205,
        1317; nothing of the call is held then.  Engines that lock rows have nothing to do."""

    def unlock_tables(self, trx: Trx) -> None:
        """Give back what `lock_tables` took."""

    # ---- life
    @abstractmethod
    def recover(self) -> Iterator[str]:
        """Bring the engine's files to a consistent state after opening; yields lines of progress."""

    @abstractmethod
    def flush(self) -> None:
        """Write all dirty pages and fsync."""

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def status(self) -> dict[str, int | str]:
        """Counters for SHOW STATUS, by MySQL's names (Innodb_rows_read, Key_read_requests ...)."""
