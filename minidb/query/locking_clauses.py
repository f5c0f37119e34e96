"""FOR UPDATE, FOR SHARE and LOCK IN SHARE MODE: which tables of a block each clause locks, and what which server understands."""

from __future__ import annotations

from minidb.engine import ReadMode, WaitPolicy
from minidb.errors import SqlError, syntax_error
from minidb.query import ast
from minidb.query.bind.nodes import Source, TableLocking
from minidb.query.environment import ServerRules

WAITS = {"": WaitPolicy.WAIT, "NOWAIT": WaitPolicy.NOWAIT, "SKIP LOCKED": WaitPolicy.SKIP_LOCKED}


def bind_clauses(clauses: tuple[ast.Locking, ...], sources: list[Source], rules: ServerRules) -> dict[int, TableLocking]:
    """What each source's slot is locked with.  Raises 1064 for what the server does not know, 3568 for a name after OF that is none
    of `sources`, 3569 for a table that two clauses lock."""
    refuse_foreign_words(clauses, rules)
    found: dict[int, TableLocking] = {}
    for clause in clauses:
        mode = ReadMode.EXCLUSIVE if clause.mode == "UPDATE" else ReadMode.SHARED
        locking = TableLocking(mode, WAITS[clause.wait], clause.seconds)
        named = [(_source_of(ref, sources), _quoted(ref)) for ref in clause.tables]
        for source, shown in named or [(source, source.alias) for source in sources]:
            if source.slot in found:
                raise SqlError.of(3569, shown)
            found[source.slot] = locking
    return found


def _source_of(ref: ast.TableRef, sources: list[Source]) -> Source:
    for source in sources:
        if source.alias == ref.name and (ref.db is None or (source.db == ref.db and source.name == ref.name)):
            return source
    raise SqlError.of(3568, _quoted(ref))


def _quoted(ref: ast.TableRef) -> str:
    return f"`{ref.name}`" if ref.db is None else f"`{ref.db}`.`{ref.name}`"


def refuse_foreign_words(clauses: tuple[ast.Locking, ...], rules: ServerRules) -> None:
    """Raise 1064 at the first word of the clauses that the server does not know."""
    words: list[str] = []
    first: int | None = None
    for number, clause in enumerate(clauses):
        for word, known in _words(clause, number, rules):
            if not known and first is None:
                first = len(words)
            words.append(word)
    if first is not None:
        raise syntax_error(" ".join(words[first:]), 0)


def _words(clause: ast.Locking, number: int, rules: ServerRules) -> list[tuple[str, bool]]:
    """The words of a clause as one would write them, each with whether the server knows it there."""
    modern, waits = rules.for_share_allowed, rules.wait_clause_allowed
    begins = modern or number == 0
    if clause.share_mode:
        words = [("LOCK IN SHARE MODE", begins)]
        waiting = waits
    else:
        words = [("FOR", begins), (clause.mode, modern or clause.mode == "UPDATE")]
        waiting = True
    if clause.tables:
        words.append(("OF " + ", ".join(f"{r.db}.{r.name}" if r.db else r.name for r in clause.tables), modern))
    if clause.wait:
        words.append((clause.wait, waiting))
    if clause.seconds is not None:
        words.append((f"WAIT {clause.seconds}", waits))
    return words
