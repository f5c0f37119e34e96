"""`DefinitionChange`: what lies between two states of the dictionary, and what it means for engines and files.

Tables are known by their ids.  A table whose id has gone is dropped; one that has another name now has its files renamed; one whose
definition differs has it told to its engine.  A new id belongs to a table whose files are complete already, under the name of its
definition or under another one (`fresh`).

Files are renamed one after the other, and a crash in between repeats what was done.  That is harmless as long as no name is both
given up and taken: a file that is not there is passed over.  In a swap (a TO t, b TO a, t TO b) or a chain (b TO c, a TO b) names
are; doing it once more would move the wrong files.  Such tables take two steps: all of them to names of their own
(``#sql-move-<id>``), then, behind a *barrier*, to where they belong.  At the barrier the first step is made durable, and the
dictionary is saved with the second step as all that is pending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from minidb.catalog import TableDef
from minidb.dictionary import Dictionary
from minidb.statements.table_files import BARRIER, COUNTER, Operation, removals, renamings

Pair = tuple[TableDef, TableDef]


@dataclass(slots=True)
class DefinitionChange:
    """gone: tables to drop.  aside: moves to names of their own, before the barrier.  moved: (what the files are now, what they are
    to be).  redefined: (old, new), the files stay.  databases: names that come; dropped: those that go.  counters: table id -> the
    next AUTO_INCREMENT value."""

    gone: list[TableDef] = field(default_factory=list)
    aside: list[Pair] = field(default_factory=list)
    moved: list[Pair] = field(default_factory=list)
    redefined: list[Pair] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    counters: list[tuple[TableDef, int]] = field(default_factory=list)

    @classmethod
    def between(cls, old: Dictionary, new: Dictionary, fresh: Iterable[TableDef] = (),
                counters: Mapping[int, int] | None = None) -> DefinitionChange:
        """What leads from `old` to `new`.  fresh: tables unknown to `old` as their files are named now."""
        before = {t.id: t for t in (*old.all_tables(), *fresh)}
        after = {t.id: t for t in new.all_tables()}
        made = cls([t for t in before.values() if t.id not in after])
        for tdef in after.values():
            present = before.get(tdef.id, tdef)
            if present.full_name != tdef.full_name:
                made.moved.append((present, tdef))
            elif present is not tdef:
                made.redefined.append((present, tdef))
        made.databases = sorted(set(new.schemas) - set(old.schemas))
        made.dropped = sorted(set(old.schemas) - set(new.schemas))
        made.counters = [(after[number], value) for number, value in (counters or {}).items()]
        made._untangle()
        return made

    def _untangle(self) -> None:
        """Moves into a name that another move gives up, and out of one that another takes, go in two steps."""
        given_up = {old.full_name for old, _ in self.moved}
        taken = {new.full_name for _, new in self.moved}
        direct: list[Pair] = []
        second: list[Pair] = []
        for old, new in self.moved:
            if new.full_name in given_up or old.full_name in taken:
                middle = replace(new, _by_name={}, db=old.db, name=f"#sql-move-{new.id}")
                self.aside.append((old, middle))
                second.append((middle, new))
            else:
                direct.append((old, new))
        self.moved = direct + second

    def last_step(self) -> list[Operation]:
        """What is to be done behind the barrier: all there is to do if nothing goes aside.  A file that is replaced is not removed
        first: doing it all a second time must not remove what has just come."""
        moves = [operation for pair in self.moved for operation in renamings(*pair)]
        replaced = {operation[2] for operation in moves}
        return [
            *(operation for operation in removals(self.gone) if operation[1] not in replaced), *moves,
            *(("rmdir", name) for name in self.dropped),
            *((COUNTER, tdef.db, tdef.name, str(value)) for tdef, value in self.counters),
        ]

    def operations(self) -> list[Operation]:
        """Everything that is to be done once the dictionary holds the new definitions."""
        if not self.aside:
            return self.last_step()
        return [*(operation for pair in self.aside for operation in renamings(*pair)), (BARRIER,), *self.last_step()]
