"""`TreeSpec`: what a B+ tree has to know about its records; `TreeState`: what all handles on one tree share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minidb.types.atoms import decode_atoms, encode_atoms

Key = Any
Row = Any
MOST_RECORDS = 65535  # of a page: its header counts them in two bytes


def encode_separator(key: Key) -> bytes:
    """A key of an internal node as bytes, self-describing."""
    return encode_atoms((key,))


def decode_separator(data: bytes, offset: int) -> tuple[Key, int]:
    """Inverse of `encode_separator`: the key at `offset` and the offset behind it."""
    atoms, end = decode_atoms(data, offset)
    return atoms[0], end


class TreeSpec:
    """The records of one tree.

    name: for error messages (``db.t.index``).  encode(key, row): a leaf record as bytes.  decode(data, offset): (key, row, offset
    behind it).  size(row): RECORD_PREFIX and the bytes that encode yields, or a little more, never less; called for every
    change.  capacity: most records
    of a leaf and most children of an internal node (at least 4).  encode_key, decode_key: keys of internal nodes.
    """

    __slots__ = ("capacity", "decode", "decode_key", "encode", "encode_key", "name", "size")

    def __init__(
        self,
        name: str,
        encode: Callable[[Key, Row], bytes],
        decode: Callable[[bytes, int], tuple[Key, Row, int]],
        size: Callable[[Row], int],
        capacity: int = 256,
        encode_key: Callable[[Key], bytes] = encode_separator,
        decode_key: Callable[[bytes, int], tuple[Key, int]] = decode_separator,
    ) -> None:
        if not 4 <= capacity <= MOST_RECORDS:
            raise ValueError(f"page capacity must be between 4 and {MOST_RECORDS}, not {capacity}")
        self.name = name
        self.encode = encode
        self.decode = decode
        self.size = size
        self.capacity = capacity
        self.encode_key = encode_key
        self.decode_key = decode_key


class TreeState:
    """Shared by all `BTree` handles on one root.  smo: counts structure changes (page positions and numbers found before a change
    of it are void).  descents, steps (from leaf to leaf), splits, merges: since the tablespace was opened.  levels: height when the
    root was last read or grew."""

    __slots__ = ("descents", "levels", "merges", "smo", "spec", "splits", "steps")

    def __init__(self, spec: TreeSpec) -> None:
        self.spec = spec
        self.smo = 0
        self.descents = 0
        self.levels = 1
        self.steps = 0
        self.splits = 0
        self.merges = 0
