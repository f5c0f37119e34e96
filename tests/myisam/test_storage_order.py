"""Rows come in the order in which a real server stores them: random histories recorded on MariaDB (MyISAM) and played here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "myisam" / "storage_order.json"
HISTORIES = json.loads(GOLDEN.read_text(encoding="utf-8"))["histories"]


@pytest.mark.parametrize("history", HISTORIES, ids=lambda h: h["name"].replace(" ", "-"))
def test_storage_order_is_the_servers(world: Any, define: Any, history: dict[str, Any]) -> None:
    table = world.table(define(["id INT NOT NULL", f"v {history['column']}"], ["PRIMARY id"]))
    trx = world.trx
    for number, (what, ident, *length, order) in enumerate(history["steps"]):
        if what == "ins":
            table.insert(trx, (ident, "x" * length[0]))
        elif what == "upd":
            table.update(trx, table.get(trx, 0, ident), (ident, chr(97 + number % 25) * length[0]))
        else:
            table.delete(trx, table.get(trx, 0, ident))
        assert ",".join(str(row[0]) for row in world.rows(table)) == order, f"step {number}: {what} {ident}"
    assert table.check().ok


def test_histories_are_there() -> None:
    assert len(HISTORIES) >= 15
    assert sum(len(h["steps"]) for h in HISTORIES) >= 500
