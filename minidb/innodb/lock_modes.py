"""Lock modes and the matrices over them: small integers, so that a question is one shift and one mask.

A record lock is ``kind << 1 | mode`` with mode S = 0, X = 1.  The constants below are all that exist; a gap lock or next-key lock
on the supremum is always written as next-key.  Table locks count from 0.
"""

from __future__ import annotations

from typing import Final

# ---- record locks
S: Final = 0
X: Final = 1

NEXT_KEY: Final = 0  # the record and the gap before it
GAP: Final = 1 << 1  # the gap before the record only
REC: Final = 2 << 1  # the record only
INSERT_INTENTION: Final = 3 << 1  # wish to insert into the gap before the record

S_NEXT_KEY: Final = NEXT_KEY | S
X_NEXT_KEY: Final = NEXT_KEY | X
S_GAP: Final = GAP | S
X_GAP: Final = GAP | X
S_REC: Final = REC | S
X_REC: Final = REC | X
X_INSERT: Final = INSERT_INTENTION | X

KINDS: Final = 8  # one more than the largest record lock
KIND_NAMES: Final = ("next-key", "gap", "rec", "insert-intention")
MODE_NAMES: Final = ("S", "X")


class Supremum:
    """The place behind the last record of an index.  A lock on it is a lock on the last gap."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "supremum"


SUPREMUM: Final = Supremum()


def mode_name(lock: int) -> str:
    """'S' or 'X' of a record lock."""
    return MODE_NAMES[lock & 1]


def kind_name(lock: int) -> str:
    """'next-key', 'gap', 'rec' or 'insert-intention' of a record lock."""
    return KIND_NAMES[lock >> 1]


def _conflict(request: int, held: int) -> bool:
    """Must `request` wait for `held` of another transaction on the same record (not the supremum)?"""
    wanted, got = request & ~1, held & ~1
    if not (request | held) & 1:
        return False  # S and S
    if got == INSERT_INTENTION:
        return False  # nobody waits for an insert intention
    if wanted == INSERT_INTENTION:
        return got in (GAP, NEXT_KEY)
    return wanted != GAP and got != GAP


def _masks(relation: list[list[bool]]) -> tuple[int, ...]:
    return tuple(sum(1 << column for column, yes in enumerate(row) if yes) for row in relation)


# CONFLICTS[request] >> held & 1: the request must wait for the held lock.  ..._SUPREMUM: the same on the supremum.
CONFLICTS: Final = _masks([[_conflict(r, h) for h in range(KINDS)] for r in range(KINDS)])
CONFLICTS_SUPREMUM: Final = _masks(
    [[r & ~1 == INSERT_INTENTION and _conflict(r, h) for h in range(KINDS)] for r in range(KINDS)]
)


def _covers(held: int, request: int) -> bool:
    """Does a granted lock make the same transaction's request superfluous?"""
    if (request & 1) > (held & 1) or INSERT_INTENTION in (request & ~1, held & ~1):
        return False
    return held & ~1 in (NEXT_KEY, request & ~1)


# COVERED_BY[request] >> held & 1: the transaction holds enough already.
COVERED_BY: Final = _masks([[_covers(h, r) for h in range(KINDS)] for r in range(KINDS)])

# ---- table locks
IS: Final = 0
IX: Final = 1
TABLE_S: Final = 2
TABLE_X: Final = 3
AUTO_INC: Final = 4
TABLE_MODES: Final = 5
TABLE_MODE_NAMES: Final = ("IS", "IX", "S", "X", "AUTO-INC")

_COMPATIBLE: Final = (
    #  IS     IX     S      X      AUTO-INC
    (True, True, True, False, True),  # IS
    (True, True, False, False, True),  # IX
    (True, False, True, False, False),  # S
    (False, False, False, False, False),  # X
    (True, True, False, False, False),  # AUTO-INC
)
# TABLE_CONFLICTS[request] >> held & 1
TABLE_CONFLICTS: Final = _masks([[not c for c in row] for row in _COMPATIBLE])
# TABLE_COVERED_BY[request] & (bits of the modes held): nothing need be added.
TABLE_COVERED_BY: Final = (
    1 << IS | 1 << IX | 1 << TABLE_S | 1 << TABLE_X,
    1 << IX | 1 << TABLE_X,
    1 << TABLE_S | 1 << TABLE_X,
    1 << TABLE_X,
    1 << AUTO_INC | 1 << TABLE_X,
)
