"""The engine: definitions, reopening, marks of a crash, damage, repair, limits of memory."""

from __future__ import annotations

from typing import Any

import pytest

from minidb.engine import Scan, TableLock
from minidb.errors import CorruptPageError, Error
from minidb.myisam.engine import MyisamEngine
from minidb.myisam.files import TableFiles
from minidb.scheduler import StepScheduler
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import RealFileSystem

PAIR = ["id INT NOT NULL", "v INT"]
TEXTS = ["id INT NOT NULL", "s VARCHAR(200)"]


def test_files_are_there_and_gone(world: Any, define: Any) -> None:
    tdef = define(PAIR, ["PRIMARY id"])
    world.table(tdef)
    assert world.fs.listdir("d") == ["t.MYD", "t.MYI"]
    world.engine.drop_table(tdef)
    assert world.fs.listdir("d") == []
    with pytest.raises(Error) as caught:
        world.engine.open_table(tdef)
    assert caught.value.code == 1017


def test_create_over_a_stray_file_changes_nothing(world: Any, define: Any) -> None:
    world.fs.open("d/t.MYI", create=True)
    with pytest.raises(Error):
        world.engine.create_table(define(PAIR))
    assert world.fs.listdir("d") == ["t.MYI"]


def test_reopening_finds_rows_counters_and_holes(world: Any, define: Any) -> None:
    tdef = define(["id INT NOT NULL AUTO_INCREMENT", "v INT"], ["PRIMARY id", "v"])
    table = world.table(tdef, *[(i, i % 3) for i in range(1, 2001)])
    for i in (7, 3):
        world.delete(table, i)
    world.restart()
    table = world.engine.open_table(tdef)
    assert table.row_count(world.trx) == 1998
    assert table.next_auto_increment(world.trx, 1) == 2001
    table.insert(world.trx, (2001, 0))
    table.insert(world.trx, (2002, 0))
    assert [r[0] for r in world.rows(table)][:8] == [1, 2, 2001, 4, 5, 6, 2002, 8]
    assert table.check().ok


def test_rename_truncate(world: Any, define: Any) -> None:
    old = define(["id INT NOT NULL AUTO_INCREMENT", "v INT"], ["PRIMARY id"], auto_increment=50)
    new = old.evolve(name="n")
    table = world.table(old, (50, 1), (60, 2))
    world.engine.rename_table(old, new)
    assert world.fs.listdir("d") == ["n.MYD", "n.MYI"]
    table = world.engine.open_table(new)
    assert world.rows(table) == [(50, 1), (60, 2)]
    world.engine.truncate_table(new)
    assert table.row_count(world.trx) == 0
    assert table.next_auto_increment(world.trx, 1) == 1
    world.restart()
    assert world.rows(world.engine.open_table(new)) == []


def test_a_filled_table_is_packed_in_the_order_of_its_rows(world: Any, define: Any) -> None:
    tdef = define(TEXTS, ["PRIMARY id", "s"])
    world.engine.create_table(tdef)
    loader = world.engine.loader(tdef, 1)
    loader.add([(i, f"s{i % 7}") for i in range(100, 0, -1)])
    loader.finish()
    world.engine.flush_table(tdef)
    world.restart()
    table = world.engine.open_table(tdef)
    assert [r[0] for r in world.rows(table)] == list(range(100, 0, -1))
    assert [r[0] for r in table.lookup(world.trx, 1, (table.key_maker(1)(("s3",)),))] == list(range(94, 0, -7))
    assert table.check().ok


def test_pool_of_eight_pages_holds_a_larger_table(make_world: Any, define: Any) -> None:
    world = make_world(capacity=16, pool_pages=8)
    tdef = define(TEXTS, ["PRIMARY id", "s"])
    table = world.table(tdef, *[(i * 37 % 3000, f"{i:0100d}") for i in range(3000)])
    assert world.pool.resident <= 8
    assert len(table.files.heap.pages) <= 8
    assert table.files.heap.page_count() > 15
    assert table.check().ok
    assert [r[0] for r in world.rows(table, 0)] == list(range(3000))
    assert len(world.rows(table)) == 3000
    world.restart()
    table = world.engine.open_table(tdef)
    assert table.get(world.trx, 0, 37)[1] == f"{1:0100d}"
    assert table.check().ok
    assert world.pool.resident <= 8


# ---- crashes
def test_unclean_end_marks_the_table(world: Any, define: Any) -> None:
    tdef = define(PAIR, ["PRIMARY id"])
    world.table(tdef, (1, 1))
    world.engine.flush()
    world.engine.open_table(tdef).insert(world.trx, (2, 2))
    world.start()  # the old engine dies without closing
    with pytest.raises(Error) as caught:
        world.engine.open_table(tdef)
    assert caught.value.code == 1194
    assert caught.value.args[1] == "Table 't' is marked as crashed and should be repaired"
    assert world.engine.repair_table(tdef).rows == 1
    table = world.engine.open_table(tdef)
    assert world.rows(table) == [(1, 1)]
    assert table.check().ok


def test_a_marked_table_that_proves_sound_may_be_used_again(world: Any, define: Any) -> None:
    tdef = define(PAIR, ["PRIMARY id"])
    world.table(tdef, (1, 1))
    world.engine.flush()
    world.engine.open_table(tdef).insert(world.trx, (2, 2))  # in memory only
    world.start()
    found = world.engine.check_table(tdef, fast=True)
    assert found.ok and not found.up_to_date
    assert found.warnings == ["Table is marked as crashed", "1 client is using or hasn't closed the table properly"]
    assert world.rows(world.engine.open_table(tdef)) == [(1, 1)]
    assert world.engine.check_table(tdef, fast=True).up_to_date
    world.engine.flush()
    world.start()
    assert world.rows(world.engine.open_table(tdef)) == [(1, 1)]


def test_a_marked_table_whose_header_lags_behind_its_rows_stays_marked(world: Any, define: Any) -> None:
    for number, (columns, values) in enumerate([(PAIR, (1, 2, 3)), (TEXTS, ("one", "two", "three"))], 5):
        tdef = define(columns, ["PRIMARY id"], name=f"t{number}", table_id=number)
        world.table(tdef, (1, values[0]), (2, values[1]))
        world.engine.flush()
        table = world.engine.open_table(tdef)
        table.insert(world.trx, (3, values[2]))
        table.files.heap.flush()  # handed over, as at the end of a statement
        world.start()
        found = world.engine.check_table(tdef)
        assert found.messages == ["Found 3 rows in the data file, the header says 2"]
        with pytest.raises(Error) as caught:
            world.engine.open_table(tdef)
        assert caught.value.code == 1194
        assert world.engine.repair_table(tdef).rows == 3


def test_flushed_or_untouched_tables_are_not_marked(world: Any, define: Any) -> None:
    changed, read = define(PAIR, name="c"), define(PAIR, name="r", table_id=2)
    world.table(changed, (1, 1))
    world.table(read, (1, 1))
    world.engine.flush()
    assert world.rows(world.engine.open_table(read)) == [(1, 1)]
    world.start()
    assert world.rows(world.engine.open_table(changed)) == [(1, 1)]
    assert world.rows(world.engine.open_table(read)) == [(1, 1)]


def test_failed_check_marks_the_table(world: Any, define: Any) -> None:
    tdef = define(PAIR, ["PRIMARY id", "v"])
    table = world.table(tdef, *[(i, i) for i in range(10)])
    table.files.keys.indexes[1].tree.delete(table.files.keys.mtr, (4, 4))
    messages = table.check().messages
    assert messages == ["index v has 9 entries, the table has 10 rows"]
    world.restart()
    with pytest.raises(Error) as caught:
        world.engine.open_table(tdef)
    assert caught.value.code == 1194
    world.engine.repair_table(tdef)
    assert world.engine.open_table(tdef).check().ok


def test_check_finds_an_entry_that_leads_to_another_row(world: Any, define: Any) -> None:
    table = world.table(define(PAIR, ["PRIMARY id"]), *[(i, i) for i in range(5)])
    table.files.keys.indexes[0].tree.replace(table.files.keys.mtr, 2, 3)
    assert table.check().messages == ["index PRIMARY: key 2 leads to address 3, where another row is"]


def test_check_finds_a_broken_chain_of_holes(world: Any, define: Any) -> None:
    table = world.table(define(PAIR, ["PRIMARY id"]), *[(i, i) for i in range(5)])
    world.delete(table, 2)
    world.delete(table, 3)
    table.files.heap.pages[0][2] = 3
    assert any("chain of deleted rows comes back" in m for m in table.check().messages)


@pytest.mark.parametrize("columns", [["id INT NOT NULL", "s CHAR(20)"], TEXTS], ids=["fixed", "dynamic"])
def test_any_flipped_byte_is_named_or_harmless(make_world: Any, define: Any, columns: list[str]) -> None:
    """Every page of both files is damaged at some places: never wrong rows, and the error names table, page and file."""
    world = make_world()
    tdef = define(columns, ["PRIMARY id", "s"])
    rows = [(i, f"s{i}") for i in range(150)]
    table = world.table(tdef, *rows)
    world.delete(table, 7)
    world.engine.close()
    rows.remove((7, "s7"))
    sound = {path: bytes(world.fs.files[path]) for path in ("d/t.MYD", "d/t.MYI")}
    for path, content in sound.items():
        for position in [*range(70), *range(70, len(content), 1499)]:
            for name, data in sound.items():
                world.fs.files[name][:] = data
            world.fs.files[path][position] ^= 0x10
            world.start()
            with pytest.raises(CorruptPageError, match=rf"'d\.t'.*page \d+ of file '{path}'"):
                read_everything(world, world.engine.open_table(tdef), rows)


def read_everything(world: Any, table: Any, rows: list[Any]) -> None:
    """Scans and CHECK; whatever can be read must be right, and what CHECK finds is raised."""
    assert world.rows(table) == rows
    assert world.rows(table, 0) == rows
    assert sorted(world.rows(table, 1)) == rows
    for message in table.check().messages:
        raise CorruptPageError(1877, message)


def test_truncated_data_file_is_noticed_at_open(world: Any, define: Any) -> None:
    tdef = define(TEXTS, ["PRIMARY id"])
    world.table(tdef, *[(i, "x" * 100) for i in range(400)])
    world.engine.close()
    del world.fs.files["d/t.MYD"][-16384:]
    world.start()
    with pytest.raises(CorruptPageError, match="the file ends here"):
        world.engine.open_table(tdef)
    repaired = world.engine.repair_table(tdef)
    assert (repaired.rows_before, repaired.duplicates) == (400, 0)
    assert 0 < repaired.rows < 400
    table = world.engine.open_table(tdef)
    assert table.check().ok
    assert table.row_count(world.trx) == repaired.rows


def test_repair_without_a_readable_index_file(world: Any, define: Any) -> None:
    tdef = define(TEXTS, ["PRIMARY id", "s"])
    table = world.table(tdef, *[(i, f"text {i}") for i in range(300)])
    world.delete(table, 5)
    world.engine.close()
    world.fs.files["d/t.MYI"][100] ^= 0xFF
    world.start()
    with pytest.raises(CorruptPageError):
        world.engine.open_table(tdef)
    assert not world.engine.check_table(tdef).ok
    repaired = world.engine.repair_table(tdef)
    assert (repaired.rows, repaired.lost_pages, repaired.rows_before) == (299, 0, None)
    table = world.engine.open_table(tdef)
    assert table.check().ok
    assert table.stats().data_free == 0
    assert world.fs.listdir("d") == ["t.MYD", "t.MYI"]


def test_repair_of_an_open_table_keeps_what_memory_knows(world: Any, define: Any) -> None:
    tdef = define(["id INT NOT NULL AUTO_INCREMENT", "v INT"], ["PRIMARY id"])
    world.table(tdef, (1, 1), (2, 2))
    assert world.engine.repair_table(tdef).rows == 2
    assert world.engine.open_table(tdef).next_auto_increment(world.trx, 1) == 3


# ---- auto-increment
def test_counter_moves_with_stored_rows_only(world: Any, define: Any) -> None:
    """As measured on a real server: a failed row burns no number, an explicit or updated larger value moves the counter."""
    table = world.table(define(["id INT NOT NULL AUTO_INCREMENT", "v INT"], ["PRIMARY id", "UNIQUE v"]), (1, 1))
    trx = world.trx
    assert table.next_auto_increment(trx, 1) == 2
    with pytest.raises(Error):
        table.insert(trx, (50, 1))
    assert table.next_auto_increment(trx, 1) == 2
    table.update(trx, table.get(trx, 0, 1), (10, 1))
    assert table.next_auto_increment(trx, 5) == 11
    table.insert(trx, (-5, 7))
    assert table.next_auto_increment(trx, 1) == 11
    world.delete(table, 10)
    assert table.next_auto_increment(trx, 1) == 11
    table.set_auto_increment(3)
    assert table.next_auto_increment(trx, 1) == 3
    table.insert(trx, (8, 8))
    table.set_auto_increment(3)
    assert table.next_auto_increment(trx, 1) == 9


def test_second_column_of_a_key_counts_per_prefix(world: Any, define: Any) -> None:
    """As measured on a real server: 'a' and 'A' are one prefix; a deleted maximum is given again."""
    table = world.table(define(["p VARCHAR(3) NOT NULL", "n INT NOT NULL AUTO_INCREMENT"], ["PRIMARY p,n"]))
    given = []
    for p in ("a", "b", "a", "A", "c"):
        n = table.next_auto_increment_for(world.trx, (p, None))
        given.append(n)
        table.insert(world.trx, (p, n))
    assert given == [1, 1, 2, 3, 1]
    table.delete(world.trx, table.lookup(world.trx, 0, (*table.key_maker(0)(("a", 3)),))[0])
    assert table.next_auto_increment_for(world.trx, ("a", None)) == 3
    table.insert(world.trx, ("a", 10))
    assert table.next_auto_increment_for(world.trx, ("a", None)) == 11
    assert table.next_auto_increment_for(world.trx, ("z", None)) == 1
    assert table.stats().auto_increment == 1


def test_engine_without_transactions_answers_the_door(world: Any, define: Any) -> None:
    engine, trx = world.engine, world.trx
    table = world.table(define(PAIR))
    engine.begin(trx)
    engine.savepoint(trx, "s")
    table.insert(trx, (1, 1))
    assert not engine.rollback_to(trx, "s")
    engine.rollback(trx)
    assert world.rows(table) == [(1, 1)]
    assert list(engine.recover()) == []
    assert not engine.transactional
    assert engine.status()["Key_blocks_used"] >= 1


def test_io_error_on_insert_is_not_acknowledged(world: Any, define: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heap that fails after the indexes were changed: the table counts as crashed instead of lying."""
    tdef = define(PAIR, ["PRIMARY id"])
    table = world.table(tdef, (1, 1))
    heap_class = type(table.files.heap)

    def fail(self: Any, values: Any) -> Any:
        raise Error(1026, "disk")

    monkeypatch.setattr(heap_class, "insert", fail)
    with pytest.raises(Error):
        table.insert(world.trx, (2, 2))
    monkeypatch.undo()
    world.restart()
    with pytest.raises(Error) as caught:
        world.engine.open_table(tdef)
    assert caught.value.code == 1194


def test_handles_share_their_files(world: Any, define: Any) -> None:
    tdef = define(PAIR, ["PRIMARY id"])
    world.table(tdef)
    first, second = world.engine.open_table(tdef), world.engine.open_table(tdef)
    assert isinstance(first.files, TableFiles)
    assert first is second
    later = world.engine.open_table(tdef.evolve(comment="new"))
    assert later.files is first.files
    world.engine.lock_tables(world.trx, [(later, TableLock.READ)])
    assert first.locks.holds(1) == TableLock.READ
    world.engine.unlock_tables(world.trx)
    assert later.scan(world.trx, Scan(None)).next_batch() is None


def test_real_files(tmp_path: Any, define: Any) -> None:
    """The same on a real disk."""
    tdef = define(TEXTS, ["PRIMARY id", "s"])
    scheduler = StepScheduler()
    fs = RealFileSystem(str(tmp_path))
    fs.mkdir("d")
    engine = MyisamEngine(BufferPool(fs), scheduler)
    trx = engine.new_trx(1)
    engine.create_table(tdef)
    table = engine.open_table(tdef)
    for i in range(500):
        table.insert(trx, (i, f"s{i % 50}"))
    engine.close()
    assert sorted(p.name for p in (tmp_path / "d").iterdir()) == ["t.MYD", "t.MYI"]
    engine = MyisamEngine(BufferPool(fs), scheduler)
    table = engine.open_table(tdef)
    assert table.row_count(trx) == 500
    assert table.check().ok
    table.insert(trx, (1000, "x"))
    again = MyisamEngine(BufferPool(RealFileSystem(str(tmp_path))), scheduler)
    with pytest.raises(Error) as caught:
        again.open_table(tdef)
    assert caught.value.code == 1194
