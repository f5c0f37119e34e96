#!/usr/bin/env python3
"""Play every isolation anomaly at every level and print what happens, or what prevents it.

    scripts/demo.py [--profile mariadb-10.11|mysql-8.4] [--show "lost update"] [--level "READ COMMITTED"]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.console import Console
from rich.table import Table

from minidb.lab.anomalies import ANOMALIES, LEVELS, matrix, run

STYLES = {"happens": "bold red", "block": "yellow", "abort": "magenta", "snapshot": "green"}


def print_matrix(console: Console, profile: str) -> None:
    table = Table(title=f"What happens, or what prevents it ({profile})")
    table.add_column("anomaly")
    for level in LEVELS:
        table.add_column(level.lower())
    for verdicts in matrix(profile):
        cells = [f"[{STYLES[v.how]}]{v.how}[/]" for v in verdicts]
        table.add_row(f"{verdicts[0].anomaly.name}\n[dim]{verdicts[0].anomaly.explains}[/]", *cells)
    console.print(table)
    console.print("block: a lock makes one wait; abort: a deadlock rolls one back; snapshot: an old version is read", style="dim")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="mariadb-10.11")
    parser.add_argument("--show", choices=[a.name for a in ANOMALIES], help="print the play of one anomaly")
    parser.add_argument("--level", choices=LEVELS, help="with --show: only this level")
    args = parser.parse_args()
    console = Console(width=120 if not sys.stdout.isatty() else None)
    if not args.show:
        print_matrix(console, args.profile)
        return
    anomaly = next(a for a in ANOMALIES if a.name == args.show)
    for level in [args.level] if args.level else LEVELS:
        verdict = run(anomaly, level, args.profile)
        console.print(f"\n[bold]{anomaly.name}[/] at {level}: [{STYLES[verdict.how]}]{verdict.how}[/]")
        print("\n".join(verdict.transcript))


if __name__ == "__main__":
    main()
