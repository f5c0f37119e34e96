"""The text of SHOW ENGINE INNODB STATUS (manual: "InnoDB Standard Monitor and Lock Monitor Output").

The sections that say something about what minidb does: the latest deadlock, transactions with their locks and waits, the history
list, the buffer pool, the log.  Nothing in it depends on addresses or on chance.  Latch held, or nobody running.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minidb.innodb.lock_listing import explain_wait
from minidb.innodb.trx import InnodbTrx

if TYPE_CHECKING:
    from minidb.innodb.engine import InnodbEngine

LOCKS_SHOWN = 10  # record locks listed for each transaction, as the server's monitor does
RULE = "-" * 12


def _section(title: str, lines: list[str]) -> list[str]:
    rule = "-" * len(title)
    return [rule, title, rule, *lines]


def _transaction(engine: InnodbEngine, trx: InnodbTrx) -> list[str]:
    """One transaction: state, locks, view, what it waits for."""
    locks = trx.locks
    waiting = locks.waiting
    number = str(trx.id) if trx.id else "(no id: it has changed nothing)"
    lines = [f"---TRANSACTION {number}, ACTIVE, {trx.isolation.name.replace('_', ' ')}"]
    if waiting is not None:
        lines.append(f"LOCK WAIT {locks.objects} lock struct(s), undo log entries {trx.undo_records}")
    else:
        lines.append(f"{locks.objects} lock struct(s), undo log entries {trx.undo_records}")
    lines.append(f"session {trx.session_name}, connection {trx.session_id}")
    view = trx.view
    if view is not None:
        lines.append(f"Trx read view will not see trx with id >= {view.low_limit}, sees < {view.up_limit}")
    if waiting is not None:
        reason = explain_wait(engine.locks, trx.session_id)
        lines += [f"{RULE} TRX IS WAITING FOR THIS LOCK TO BE GRANTED:", reason, RULE]
    return lines + engine.locks.held_by(locks, LOCKS_SHOWN)


def monitor_text(engine: InnodbEngine, now: Callable[[], object]) -> str:
    """The whole report.  now: the date and time to head it with."""
    core, locks = engine.core, engine.locks
    system = core.system
    status = engine.status()
    lines = ["=====================================", f"{now()} INNODB MONITOR OUTPUT", "====================================="]
    if locks.latest_deadlock:
        lines += _section("LATEST DETECTED DEADLOCK", locks.latest_deadlock.splitlines())
    open_transactions = [t for t in system.transactions() if t.active and t.started]
    body = [f"Trx id counter {system.next_id}", f"History list length {len(system.history)}",
            "LIST OF TRANSACTIONS FOR EACH SESSION:"]
    for trx in open_transactions:
        body += _transaction(engine, trx)
    lines += _section("TRANSACTIONS", body)
    reads, misses = int(status["Innodb_buffer_pool_read_requests"]), int(status["Innodb_buffer_pool_reads"])
    hit = 1000 if not reads else round(1000 * (reads - misses) / reads)
    lines += _section("BUFFER POOL AND MEMORY", [
        f"Buffer pool size   {status['Innodb_buffer_pool_pages_total']}",
        f"Database pages     {status['Innodb_buffer_pool_pages_data']}",
        f"Modified db pages  {status['Innodb_buffer_pool_pages_dirty']}",
        f"Pages read {misses}, written {status['Innodb_pages_written']}",
        f"Buffer pool hit rate {hit} / 1000",
    ])
    lines += _section("ROW LOCKS", [
        f"{status['Innodb_row_lock_waits']} waits, {status['Innodb_row_lock_current_waits']} waiting now, "
        f"{status['Innodb_deadlocks']} deadlocks",
    ])
    lines += ["----------------------------", "END OF INNODB MONITOR OUTPUT", "============================"]
    return "\n".join(lines) + "\n"
