"""Which heap a table has, and how long its fixed rows are."""

from __future__ import annotations

from minidb.catalog import TableDef
from minidb.myisam.datafile import DataFile
from minidb.myisam.dynamic_heap import DynamicHeap
from minidb.myisam.fixed_heap import FixedHeap
from minidb.myisam.heap import Heap, HeapCache
from minidb.myisam.state import HeapState
from minidb.storage.file import File
from minidb.types.codec import RowCodec
from minidb.types.sqltype import Family, SqlType

FIXED, DYNAMIC = 1, 2

_VARYING = frozenset(("varchar", "nvarchar", "varbinary"))
_LARGE = ("text", "blob", "json")
_BYTES_PER_CHARACTER = {"ascii": 1, "latin1": 3}  # of the UTF-8 that the codec writes
_DECIMAL_SLACK = 8  # sign, point, exponent
_MIN_LENGTH = 9  # a deleted row holds a flag and the number of the next one


def format_of(tdef: TableDef) -> int:
    """FIXED or DYNAMIC: ROW_FORMAT decides where it can, else whether there is a column of varying length."""
    names = [column.type.name for column in tdef.columns]
    if any(name.endswith(_LARGE) for name in names):
        return DYNAMIC
    wanted = (tdef.row_format or "").upper()
    if wanted in ("FIXED", "DYNAMIC"):
        return FIXED if wanted == "FIXED" else DYNAMIC
    return DYNAMIC if any(name in _VARYING for name in names) else FIXED


def fixed_length(tdef: TableDef, codec: RowCodec) -> int:
    """Bytes of every row of a table with fixed rows, flag byte included."""
    return max(_MIN_LENGTH, 1 + codec.fixed_size + sum(_most_variable(c.type) for c in tdef.columns))


def _most_variable(t: SqlType) -> int:
    """The most bytes that a value of `t` takes in the variable part of a row."""
    if t.family is Family.DECIMAL:
        return (t.length or 65) + _DECIMAL_SLACK
    if t.family is Family.BYTES:
        return t.length or 1
    if t.family is Family.STRING and t.name not in ("enum", "set"):
        return (t.length or 1) * _BYTES_PER_CHARACTER.get(t.charset or "", 4)
    return 0


def make_heap(tdef: TableDef, file: File, state: HeapState, cache: HeapCache) -> Heap:
    """The heap of `tdef` over its open data file."""
    fmt = format_of(tdef)
    data = DataFile(file, f"{tdef.db}.{tdef.name}", fmt)
    codec = RowCodec([c.type for c in tdef.columns])
    if fmt == FIXED:
        return FixedHeap(data, state, cache, codec, fixed_length(tdef, codec))
    return DynamicHeap(data, state, cache, codec)
