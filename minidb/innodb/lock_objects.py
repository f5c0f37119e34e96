"""The nouns of the lock table: what a transaction holds (`TrxLocks`), where locks are kept (`IndexLocks`, `TableLocks`), lock
objects (`RecordLock`) and requests that wait (`Request`).  They know their own shape only; the rules are in `lock`.

An `IndexLocks` is a dictionary: record key -> the one `RecordLock` on it, or the list of all locks and waiting requests on it in
the order in which they came.  ``if index_locks:`` therefore asks whether anything at all is locked in that index.

A `RecordLock` stands for *all* records of one index which one transaction has locked in one mode and kind: it is InnoDB's lock
object with its bitmap of records, except that InnoDB has one for each page.  An uncontended lock is thus one dictionary entry and
one element of a list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, final

from minidb.innodb.lock_modes import IX, TABLE_MODE_NAMES, TABLE_X, kind_name, mode_name
from minidb.scheduler import Waiter
from minidb.types.keys import bare_key

Key = Any
WRITING = 1 << IX | 1 << TABLE_X


class LockOwner(Protocol):
    """What the lock system reads of a transaction.

    id: transaction id, 0 before the first write.  undo_records: rows changed so far (its part of the deadlock weight).
    """

    @property
    def id(self) -> int: ...

    @property
    def session_id(self) -> int: ...

    @property
    def session_name(self) -> str: ...

    @property
    def isolation(self) -> int: ...

    @property
    def undo_records(self) -> int: ...

    @property
    def changed_non_transactional(self) -> bool: ...


class TrxLocks:
    """All locks of one transaction (one object per session, reused: empty between transactions).

    groups: lock objects by ``index.no | flags``, in the order of creation.  tables: modes held, as bits, by table.
    spare: empty lock objects of earlier transactions, for reuse.
    objects: number of lock objects as InnoDB counts them (a waited-for lock is an object of its own).
    waiting: the request that waits, if any.  waits_for: the one transaction that the deadlock search follows from here.
    victim: chosen as a deadlock's victim; stays set until `LockSystem.release_all`.
    timeout: innodb_lock_wait_timeout in seconds; 0 = never wait.
    duplicates: the running statement is REPLACE or ON DUPLICATE KEY UPDATE.
    constraint_check: the running statement has made a duplicate or foreign key check.
    """

    __slots__ = (
        "constraint_check", "duplicates", "groups", "objects", "owner", "spare", "tables",
        "timeout", "victim", "waiter", "waiting", "waits_for",
    )

    def __init__(self, owner: LockOwner, timeout: float = 50.0) -> None:
        self.owner = owner
        self.groups: dict[int, RecordLock] = {}
        self.spare: dict[int, RecordLock] = {}
        self.tables: dict[TableLocks, int] = {}
        self.objects = 0
        self.waiting: Request | None = None
        self.waiter: Waiter | None = None
        self.waits_for: TrxLocks | None = None
        self.victim = False
        self.timeout = timeout
        self.duplicates = False
        self.constraint_check = False

    @property
    def empty(self) -> bool:
        """True if nothing is held or waited for."""
        return not self.groups and not self.tables and self.waiting is None

    @property
    def writes(self) -> bool:
        """True if a table is locked for changes (IX, X), with which InnoDB gives a transaction its id."""
        return any(bits & WRITING for bits in self.tables.values())

    def __repr__(self) -> str:
        return f"<locks of {self.owner.session_name}: {self.objects} objects>"


class TableLocks:
    """The lock queue of one table.  granted: modes held, as bits, by transaction, in the order of the first grant; waiting:
    requests in order; strong: number of S and X locks among the granted (while it is 0 and nobody waits, IS and IX are free)."""

    __slots__ = ("db", "granted", "name", "no", "strong", "waiting")

    def __init__(self, no: int, db: str, name: str) -> None:
        self.no = no
        self.db = db
        self.name = name
        self.granted: dict[TrxLocks, int] = {}
        self.waiting: list[Request] = []
        self.strong = 0

    def __repr__(self) -> str:
        return f"<table locks of {self.db}.{self.name}>"


class IndexLocks(dict[Key, "RecordLock | list[RecordLock | Request]"]):
    """The record locks of one index, by record key.  no: unique number, a multiple of 8.  describe: record key -> (the values of
    the whole entry as people see them, is it delete-marked); called only when locks are shown."""

    __slots__ = ("clustered", "describe", "name", "no", "table")

    def __init__(
        self,
        no: int,
        table: TableLocks,
        name: str,
        clustered: bool,
        describe: Callable[[Key], tuple[tuple[Any, ...], bool]] | None = None,
    ) -> None:
        super().__init__()
        self.no = no
        self.table = table
        self.name = name
        self.clustered = clustered
        self.describe = describe or plain_description

    def __repr__(self) -> str:
        return f"<record locks of {self.table.name}.{self.name}: {len(self)} records>"


def plain_description(key: Key) -> tuple[tuple[Any, ...], bool]:
    """The description of a record where the order key is the value."""
    return tuple(map(bare_key, key if isinstance(key, tuple) else (key,))), False


@final
class RecordLock:
    """A granted lock object.  keys: its records; a key given back early may still stand here, the index's dictionary decides."""

    __slots__ = ("flags", "holder", "index", "keys")

    def __init__(self, holder: TrxLocks, index: IndexLocks, flags: int) -> None:
        self.holder = holder
        self.index = index
        self.flags = flags
        self.keys: list[Key] = []

    def __repr__(self) -> str:
        return f"<{self.holder.owner.session_name} {self.index.name} {mode_name(self.flags)} {kind_name(self.flags)}>"


@final
class Request:
    """A request that waits: for a record (`place` an IndexLocks, `flags` a record lock) or a table (`flags` a mode, no key)."""

    __slots__ = ("flags", "holder", "key", "place")

    def __init__(self, holder: TrxLocks, place: IndexLocks | TableLocks, flags: int, key: Key = None) -> None:
        self.holder = holder
        self.place = place
        self.flags = flags
        self.key = key

    def __repr__(self) -> str:
        row = isinstance(self.place, IndexLocks)
        mode = f"{mode_name(self.flags)} {kind_name(self.flags)}" if row else TABLE_MODE_NAMES[self.flags]
        return f"<{self.holder.owner.session_name} waits for {self.place.name} {mode} {self.key!r}>"


class RowNumber(int):
    """A hidden row id as the description of a record shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"row#{int(self)}"


Entry = RecordLock | Request
Queue = RecordLock | list[Entry]
