"""`BackupReport`: what a backup has done."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class BackupReport:
    """start, lsn: log positions between which the log was copied; the copy is of the moment `lsn`.  pages: of 16 KiB, copied from
    data files.  log_bytes: of redo log copied.  nbytes: size of the finished backup.  tables: in it.  restarts: times that the
    owner's log had gone round before it was read.  rounds: looks at the definitions until they stood still.  rolled_back:
    transactions that were running at that moment (None: not prepared).  warnings: what was not copied as it should be.
    seconds: of the whole."""

    start: int = 0
    lsn: int = 0
    pages: int = 0
    log_bytes: int = 0
    nbytes: int = 0
    tables: int = 0
    restarts: int = 0
    rounds: int = 0
    rolled_back: int | None = None
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)

    def dump(self) -> str:
        """One line for people."""
        prepared = "not prepared" if self.rolled_back is None else f"{self.rolled_back} transactions rolled back"
        return (f"LSN {self.lsn}, {self.tables} tables, {self.nbytes} bytes ({self.pages} pages and {self.log_bytes} bytes of log "
                f"copied), {prepared}, {self.seconds:.2f} s")
