"""CHECK TABLE of an InnoDB table finds every kind of damage, in memory and in files with valid checksums alike, and says it in
rows: at least one ``error``, in the end ``Corrupt``.  A damaged table never makes it raise."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from minidb.database import Database
from minidb.innodb.dict_table import DictTable, SecondaryIndex
from minidb.innodb.external import references
from minidb.session import Session
from minidb.storage.mtr import Mtr
from minidb.storage.page import Page, PageKind
from minidb.types.lob_ref import ExternalValue

Damage = Callable[["Patient"], None]


class Patient:
    """The table to be damaged: three levels of pages, a secondary and a unique index, off-page values, a delete-marked row."""

    def __init__(self, path: str, **options: int) -> None:
        self.database = Database(path, leaf_capacity=6, purge="manual", **options)  # type: ignore[arg-type]
        self.session: Session = self.database.session()

    def fill(self) -> None:
        self.session.execute("CREATE TABLE t (id INT PRIMARY KEY, a INT, u VARCHAR(20), s TEXT, KEY (a), UNIQUE (u))")
        self.session.execute_many("INSERT INTO t VALUES (%s, %s, %s, %s)", [
            (i, i * 7 % 50, f"u{i:03}", "long" * 10_000 if i % 40 == 5 else f"s{i}") for i in range(120)])
        self.database.purge()
        assert self.check() == [("status", "OK")]

    def check(self) -> list[tuple[str, str]]:
        return [row[2:] for row in self.session.execute("CHECK TABLE t").rows or []]  # type: ignore[misc]

    @property
    def table(self) -> DictTable:
        found: DictTable = self.database.open_table("test", "t").dict_table  # type: ignore[attr-defined]
        return found

    @property
    def mtr(self) -> Mtr:
        return self.database.innodb.core.mtr

    def index(self, name: str) -> SecondaryIndex:
        return next(index for index in self.table.secondaries if index.name == name)

    def leaves(self, index: str = "") -> list[Page]:
        """The leaves of the clustered ("") or a secondary index, left to right."""
        tree = self.index(index).tree if index else self.table.clustered.tree
        return [page for page in map(tree.page, tree.page_numbers()) if page.level == 0]

    def inner(self) -> Page:
        """An internal node that is not the root."""
        tree = self.table.clustered.tree
        return next(page for page in map(tree.page, tree.page_numbers()) if page.level == 1 and page.no != tree.root_no)

    def changing(self, *pages: Page) -> None:
        """`pages` are about to be damaged; the log takes them for changed."""
        for page in pages:
            self.mtr.save(page)


# ---- kinds of damage
def keys_swapped(p: Patient) -> None:
    leaf = p.leaves()[3]
    p.changing(leaf)
    leaf.keys[0], leaf.keys[1] = leaf.keys[1], leaf.keys[0]
    leaf.rows[0], leaf.rows[1] = leaf.rows[1], leaf.rows[0]


def keys_of_a_secondary_swapped(p: Patient) -> None:
    leaf = p.leaves("a")[2]
    p.changing(leaf)
    leaf.keys.reverse()
    leaf.rows.reverse()


def next_is_wrong(p: Patient) -> None:
    leaves = p.leaves()
    p.changing(leaves[2])
    leaves[2].next = leaves[5].no


def previous_is_missing(p: Patient) -> None:
    leaf = p.leaves("u")[2]
    p.changing(leaf)
    leaf.prev = 0


def level_is_wrong(p: Patient) -> None:
    page = p.inner()
    p.changing(page)
    page.level = 2


def child_twice(p: Patient) -> None:
    page = p.inner()
    p.changing(page)
    page.children[1] = page.children[0]


def child_of_another_tree(p: Patient) -> None:
    page = p.inner()
    p.changing(page)
    page.children[1] = p.leaves("u")[0].no


def child_is_an_off_page_value(p: Patient) -> None:
    page = p.inner()
    p.changing(page)
    page.children[1] = reference(p).page


def separator_is_wrong(p: Patient) -> None:
    page = p.inner()
    p.changing(page)
    page.keys[0] = page.keys[0] + 1


def page_leaked(p: Patient) -> None:
    p.table.space.allocate(p.mtr, PageKind.LOB).body = b""


def page_marked_free(p: Patient) -> None:
    space, no = p.table.space, p.leaves("a")[1].no
    p.changing(space.descriptors[0])
    space.descriptors[0].rows[no // 64] &= ~(1 << no % 64)


def page_in_two_trees(p: Patient) -> None:
    tree = p.index("a").tree
    root = tree.page(tree.root_no)
    p.changing(root)
    root.children[-1] = p.leaves("u")[-1].no


def entry_missing(p: Patient) -> None:
    tree = p.index("a").tree
    tree.delete(p.mtr, p.leaves("a")[1].keys[2])


def entry_without_a_row(p: Patient) -> None:
    index = p.index("a")
    key = (3, 9999)
    index.tree.insert(p.mtr, key, key)


def entry_of_another_value(p: Patient) -> None:
    index = p.index("a")
    old = p.leaves("a")[1].keys[2]
    index.tree.delete(p.mtr, old)
    index.tree.insert(p.mtr, (old[0] + 1, old[1]), (old[0] + 1, old[1]))


def entry_marked_though_its_row_lives(p: Patient) -> None:
    leaf = p.leaves("a")[1]
    p.changing(leaf)
    leaf.rows[2] = (*leaf.rows[2], 1)
    leaf.has_deleted = True
    leaf.nbytes = sum(map(p.index("a").tree.size, leaf.rows))


def row_marked_though_its_entries_live(p: Patient) -> None:
    leaf = p.leaves()[4]
    p.changing(leaf)
    leaf.rows[1] = (*leaf.rows[1][:-1], 1)
    leaf.has_deleted = True


def mark_that_the_page_denies(p: Patient) -> None:
    leaf = p.leaves()[4]
    p.changing(leaf)
    leaf.rows[1] = (*leaf.rows[1][:-1], 1)


def row_under_another_key(p: Patient) -> None:
    leaf = p.leaves()[4]
    p.changing(leaf)
    leaf.rows[1] = (7777, *leaf.rows[1][1:])


def row_of_other_values(p: Patient) -> None:
    leaf = p.leaves()[4]
    p.changing(leaf)
    row = leaf.rows[1]
    leaf.rows[1] = (row[0], row[1] + 1, *row[2:])


def row_gone(p: Patient) -> None:
    p.table.clustered.tree.delete(p.mtr, p.leaves()[4].keys[1])


def bytes_miscounted(p: Patient) -> None:
    leaf = p.leaves()[4]
    p.changing(leaf)
    leaf.nbytes += 4


def reference(p: Patient) -> ExternalValue:
    """A reference to an off-page value."""
    return next(r for leaf in p.leaves() for row in leaf.rows for r in references(row))


def value_broken_off(p: Patient) -> None:
    page = p.table.space.page(reference(p).page)
    p.changing(page)
    page.next = 0


def value_goes_on_elsewhere(p: Patient) -> None:
    page = p.table.space.page(reference(p).page)
    p.changing(page)
    page.next = p.leaves()[0].no


def value_in_a_free_page(p: Patient) -> None:
    space = p.table.space
    space.free(p.mtr, space.page(space.page(reference(p).page).next))


def value_of_two_rows(p: Patient) -> None:
    leaf = next(leaf for leaf in p.leaves() if any(references(row) for row in leaf.rows))
    at = next(i for i, row in enumerate(leaf.rows) if references(row))
    other = next(i for i, row in enumerate(leaf.rows) if not references(row))
    p.changing(leaf)
    row = leaf.rows[other]
    leaf.rows[other] = (*row[:3], references(leaf.rows[at])[0], *row[4:])
    leaf.nbytes = sum(map(p.table.clustered.tree.size, leaf.rows))


KINDS: list[tuple[Damage, str]] = [
    (keys_swapped, "out of order"), (keys_of_a_secondary_swapped, "out of order"), (next_is_wrong, "has siblings"),
    (previous_is_missing, "has siblings"), (level_is_wrong, "has level 2|cannot be read"), (child_twice, "reached twice|siblings"),
    (child_of_another_tree, "is a page of kind 3, tree"), (child_is_an_off_page_value, "is a page of kind 4"),
    (separator_is_wrong, "separator"), (page_leaked, "belong to nothing"), (page_marked_free, "free"),
    (page_in_two_trees, "is a page of kind 3, tree"), (entry_missing, "has no entry"),
    (entry_without_a_row, r"entry \(3, 9999\) has no row"), (entry_of_another_value, "has no entry"),
    (entry_marked_though_its_row_lives, "the entry of row"), (row_marked_though_its_entries_live, "live entries for"),
    (mark_that_the_page_denies, "delete-marked on a page that does not say so"),
    (row_under_another_key, "does not have the key|out of order|has no entry"),
    (row_of_other_values, "has no entry"), (row_gone, "has no row"), (bytes_miscounted, "counts"),
    (value_broken_off, "off-page value of"), (value_goes_on_elsewhere, "is not the next page of an off-page value"),
    (value_in_a_free_page, "marked free"), (value_of_two_rows, "used twice"),
]


def verify(found: list[tuple[str, str]], expected: str) -> None:
    assert found[-1] == ("error", "Corrupt"), found
    assert all(kind == "error" for kind, _ in found)
    assert any(re.search(expected, text) for _, text in found), found


@pytest.mark.parametrize(("damage", "expected"), KINDS, ids=[damage.__name__ for damage, _ in KINDS])
@pytest.mark.parametrize("pages", [None, 24], ids=["all in memory", "small pool"])
def test_damage_in_memory_is_found(damage: Damage, expected: str, pages: int | None) -> None:
    patient = Patient(":memory:", **({} if pages is None else {"buffer_pool_pages": pages}))
    patient.fill()
    damage(patient)
    patient.mtr.commit()
    verify(patient.check(), expected)


WRITTEN = [kind for kind in KINDS if kind[0] is not bytes_miscounted]  # which is counted anew when it is written


@pytest.mark.parametrize(("damage", "expected"), WRITTEN, ids=[damage.__name__ for damage, _ in WRITTEN])
def test_damage_in_the_file_is_found(damage: Damage, expected: str, tmp_path: Path) -> None:
    path = str(tmp_path / "data")
    patient = Patient(path)
    patient.fill()
    damage(patient)
    patient.mtr.commit()
    patient.database.close()
    again = Patient(path)
    verify(again.check(), expected)
    assert again.session.execute("SELECT 1").rows == [(1,)]
    again.database.close()


def test_a_flipped_byte_is_found_in_every_state_of_memory(tmp_path: Path) -> None:
    path = str(tmp_path / "data")
    patient = Patient(path)
    patient.fill()
    leaf = patient.leaves()[3].no
    patient.database.close()
    for warm in (False, True):
        patient = Patient(path)
        if warm:
            patient.session.execute("SELECT SUM(a), MAX(u) FROM t FORCE INDEX (PRIMARY)")
        flip(tmp_path / "data" / "test" / "t.ibd", leaf * 16384 + 5000)
        verify(patient.check(), f"page {leaf} .*checksum")
        assert patient.session.execute("CHECK TABLE t QUICK").rows[-1][3] == ("OK" if warm else "Corrupt")  # type: ignore[index]
        flip(tmp_path / "data" / "test" / "t.ibd", leaf * 16384 + 5000)
        patient.database.close()


def flip(file: Path, offset: int) -> None:
    data = bytearray(file.read_bytes())
    data[offset] ^= 1
    file.write_bytes(data)


def test_versions_and_running_transactions_are_no_damage(tmp_path: Path) -> None:
    patient = Patient(str(tmp_path / "data"))
    patient.fill()
    writer = patient.database.session()
    writer.execute("BEGIN")
    writer.execute("UPDATE t SET a = a + 1, u = CONCAT(u, 'x'), s = REPEAT('other', 9000) WHERE id < 30")
    writer.execute("DELETE FROM t WHERE id BETWEEN 40 AND 60")
    writer.execute("UPDATE t SET id = id + 1000 WHERE id BETWEEN 80 AND 90")
    assert patient.check() == [("status", "OK")]
    writer.execute("ROLLBACK")
    assert patient.check() == [("status", "OK")]
    writer.execute("DELETE FROM t WHERE id % 2 = 0")
    assert patient.check() == [("status", "OK")]
    patient.database.purge()
    assert patient.check() == [("status", "OK")]
    patient.database.close()
