"""Which function runs which statement, for everything that is not a plan.  The modules are loaded when they are first needed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from minidb.errors import unsupported
from minidb.query import ast
from minidb.statements.result import Result

if TYPE_CHECKING:
    from minidb.session import Session

Handler = Callable[["Session", Any], Result]

HANDLERS: dict[type, str] = {
    ast.Begin: "transactions.begin", ast.Commit: "transactions.commit", ast.Rollback: "transactions.rollback",
    ast.Savepoint: "transactions.savepoint", ast.RollbackTo: "transactions.rollback_to",
    ast.ReleaseSavepoint: "transactions.release_savepoint", ast.SetTransaction: "transactions.set_transaction",
    ast.SetVariables: "settings.set_variables", ast.SetNames: "settings.set_names", ast.Use: "settings.use",
    ast.LockTables: "lock_tables.lock_tables", ast.UnlockTables: "lock_tables.unlock_tables", ast.Flush: "lock_tables.flush",
    ast.Kill: "kill.kill", ast.Show: "shows.show", ast.Describe: "shows.describe", ast.Explain: "shows.explain",
    ast.TableMaintenance: "maintenance.maintain", ast.Prepare: "prepared.prepare", ast.Execute: "prepared.execute",
    ast.Deallocate: "prepared.deallocate",
    ast.CreateTable: "definitions.create_table", ast.DropTable: "definitions.drop_table",
    ast.AlterTable: "definitions.alter_table", ast.CreateIndex: "definitions.create_index",
    ast.DropIndex: "definitions.drop_index", ast.RenameTable: "definitions.rename_table", ast.Truncate: "definitions.truncate",
    ast.CreateDatabase: "definitions.create_database", ast.DropDatabase: "definitions.drop_database",
}
DIAGNOSTICS = frozenset({"WARNINGS", "ERRORS", "COUNT WARNINGS", "COUNT ERRORS"})
KEEPS_WARNINGS = frozenset({ast.SetVariables, ast.SetNames, ast.Begin, ast.Commit, ast.Rollback, ast.Savepoint, ast.Use,
                            ast.SetTransaction})
_loaded: dict[type, Handler] = {}


def handler_of(tree: Any) -> tuple[Handler, bool]:
    """(handler of a statement, whether SHOW WARNINGS still shows the previous statement's after it); raises 1235."""
    kind = type(tree)
    handler = _loaded.get(kind)
    if handler is None:
        handler = _loaded[kind] = _load(kind)
    if kind is ast.Show:
        return handler, tree.what in DIAGNOSTICS
    return handler, kind in KEEPS_WARNINGS


def _load(kind: type) -> Handler:
    place = HANDLERS.get(kind)
    if place is None:
        raise unsupported(kind.__name__)
    module, name = place.split(".")
    found: Handler = getattr(import_module(f"minidb.statements.{module}"), name)
    return found
