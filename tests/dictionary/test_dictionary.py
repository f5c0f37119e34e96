"""The data dictionary: ids, references, the file and its checksum."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidb.catalog import Check, Column, Default, ForeignKey, IndexDef, IndexPart, TableDef
from minidb.dictionary import FILE_NAME, Dictionary, table_from_json, table_to_json, value_from_json, value_to_json
from minidb.errors import Error, OperationalError
from minidb.storage.file import MemoryFileSystem
from minidb.types.sqltype import Family, SqlType

INT = SqlType(Family.INT, "int")


def parent() -> TableDef:
    return TableDef(1, "shop", "p", "InnoDB", (Column("id", INT, False),), (IndexDef(1, "PRIMARY", (IndexPart(0),), True, True),))


def child() -> TableDef:
    columns = (
        Column("id", INT, False, auto_increment=True),
        Column("price", SqlType(Family.DECIMAL, "decimal", 10, 2), default=Default(Decimal("1.50"))),
        Column("kind", SqlType(Family.STRING, "enum", charset="utf8mb4", collation="utf8mb4_bin", members=("a", "b'c"))),
        Column("made", SqlType(Family.DATETIME, "datetime", scale=6), default=Default(current_timestamp=True), on_update_now=True),
        Column("p", INT, comment="parent"),
    )
    indexes = (IndexDef(2, "PRIMARY", (IndexPart(0),), True, True),
               IndexDef(3, "p", (IndexPart(4), IndexPart(2, 3, True)), comment="x"))
    keys = (ForeignKey("f", (4,), "shop", "p", ("id",), "CASCADE", "RESTRICT", True),)
    return TableDef(2, "shop", "c", "InnoDB", columns, indexes, keys, (Check("k", "`p` > 1"),), comment="a 'table'",
                    auto_increment=7, row_format="COMPACT", options=(("MAX_ROWS", "10"),))


def filled(fs: MemoryFileSystem | None = None) -> Dictionary:
    made = Dictionary(fs)
    made.create_database("shop", "utf8mb4", "utf8mb4_general_ci")
    made.next_table_id, made.next_index_id = 3, 4
    made.put(parent())
    made.put(child())
    return made


def test_saved_and_loaded_it_is_the_same() -> None:
    fs = MemoryFileSystem()
    before = filled(fs)
    before.clean = False
    before.save()
    after = Dictionary.load(fs)
    assert list(after.all_tables()) == list(before.all_tables())
    assert (after.next_table_id, after.next_index_id, after.version, after.clean) == (3, 4, before.version, False)
    assert after.schemas["shop"].collation == "utf8mb4_general_ci"
    assert after.check() == []
    assert after.dump() == before.dump()


def test_saving_replaces_the_file_and_leaves_nothing_beside_it() -> None:
    fs = MemoryFileSystem()
    made = filled(fs)
    made.save()
    made.remove("shop", "c")
    made.save()
    assert fs.listdir("") == [FILE_NAME]
    assert Dictionary.load(fs).tables("shop") == ["p"]


@pytest.mark.parametrize("place", [0, 12, 20, 40, 200, -1])
def test_a_changed_byte_is_found(place: int) -> None:
    fs = MemoryFileSystem()
    filled(fs).save()
    file = fs.open(FILE_NAME)
    at = place if place >= 0 else file.size() - 1
    file.write_at(at, bytes([file.read_at(at, 1)[0] ^ 1]))
    with pytest.raises(OperationalError, match="damaged") as caught:
        Dictionary.load(fs)
    assert caught.value.code == 1033


def test_a_cut_file_is_found() -> None:
    fs = MemoryFileSystem()
    filled(fs).save()
    file = fs.open(FILE_NAME)
    file.truncate(file.size() - 10)
    with pytest.raises(OperationalError, match="checksum"):
        Dictionary.load(fs)


def test_references_are_found_and_follow_changes() -> None:
    made = filled()
    assert [(r.child.name, r.key.name) for r in made.references_to("shop", "p")] == [("c", "f")]
    made.put(child().evolve(foreign_keys=()))
    assert made.references_to("shop", "p") == []


def test_unknown_names_have_mysqls_numbers() -> None:
    made = filled()
    for call, code in (
        (lambda: made.database("x"), 1049), (lambda: made.table("x", "p"), 1049), (lambda: made.table("shop", "x"), 1146),
        (lambda: made.create_database("shop", "utf8mb4", "utf8mb4_bin"), 1007), (lambda: made.drop_database("x"), 1008),
        (lambda: made.remove("shop", "x"), 1146),
    ):
        with pytest.raises(Error) as caught:
            call()
        assert caught.value.code == code


def test_every_change_has_a_new_version() -> None:
    made = filled()
    versions = [made.version]
    made.create_database("x", "latin1", "latin1_swedish_ci")
    versions.append(made.version)
    made.drop_database("x")
    versions.append(made.version)
    made.put(parent())
    versions.append(made.version)
    assert versions == sorted(set(versions))


def test_check_sees_an_id_given_out_twice() -> None:
    made = filled()
    made.put(child().evolve(id=1))
    assert any("table id 1" in line for line in made.check())


def test_definitions_survive_json() -> None:
    assert table_from_json(table_to_json(child()), "shop") == child()


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.binary(), st.floats(allow_nan=False), st.dates(), st.datetimes(),
    st.timedeltas(), st.decimals(allow_nan=False, allow_infinity=False),
)


@given(values)
def test_default_values_survive_json(value: object) -> None:
    import json

    again = value_from_json(json.loads(json.dumps(value_to_json(value))))
    assert again == value
    assert type(again) is type(value) or isinstance(value, (bool, datetime.date))
