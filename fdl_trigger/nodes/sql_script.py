"""SQL_SCRIPT: the statements of a script, one by one, on a connection (finedatalink-tasks.md section 3.1)."""

import re
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from marshmallow import Schema

from ..domain.records import Counts
from ..domain.states import Level
from .assignments import MAX_ROWS, Result, assigned_values
from .context import FlowContext
from .errors import BuildError, NodeError
from .sql_settings import ScriptSettings, SqlScriptSchema

if TYPE_CHECKING:
    from .databases import Database
    from .databases.binding import Binder

_SHOWN_CHARACTERS = 80
_SHOWN_ROWS = 10
_SHOWN_CELL = 200
_FETCHED = 1000
_QUOTED = re.compile(r"'(?:[^']|'')*(?:'|\Z)|\"(?:[^\"]|\"\")*(?:\"|\Z)")
_COUNTED = {"INSERT": "inserted", "REPLACE": "inserted", "DELETE": "deleted"}


class SqlScript:
    """Runs a script; its counts are the rows its statements changed and gave."""

    schema: type[Schema] = SqlScriptSchema
    is_container = False

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return the script's connection."""
        return [config["script"].connection]

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Run every statement; raises NodeError, naming the statement, BuildError or Stopped."""
        from .databases import open_database  # SQLAlchemy is imported by the first run

        script: ScriptSettings = config["script"]
        statements = split(script.sql)
        if not statements:
            raise BuildError("the script has no statement")
        with (
            open_database(context.connection(script.connection), context) as database,
            context.on_stop(database.interrupt),
        ):
            run = _ScriptRun(script, database, context)
            for number, statement in enumerate(statements, 1):
                context.check()
                run.execute(number, statement)
            run.finish()
        return run.assigned(len(statements))


class _ScriptRun:
    def __init__(self, script: ScriptSettings, database: "Database", context: FlowContext) -> None:
        from .sql_values import binder_for

        self._script = script
        self._database = database
        self._context = context
        self._binder: Binder = binder_for(database.lexicon, script.params, script.raw, context)
        self._counts = Counts()
        self._kept = MAX_ROWS if script.assign else _SHOWN_ROWS
        self._rows: list[dict[str, Any]] | None = None
        if script.transaction:
            database.begin()

    def execute(self, number: int, statement: str) -> None:
        """Run one statement and count its rows."""
        started = time.monotonic()
        try:
            read, changed = self._execute(statement)
        except (BuildError, NodeError) as error:
            kind = BuildError if isinstance(error, BuildError) else NodeError
            raise kind(f"statement {number} ({shown(statement)}): {error}") from None
        self._count(statement, read, changed)
        took = round((time.monotonic() - started) * 1000)
        told = f"{read} rows" if read is not None else f"{max(changed, 0)} rows changed"
        self._context.log(Level.INFO, f"statement {number} ({shown(statement)}): {told}, {took} ms")

    def finish(self) -> None:
        """Commit, or refuse what the script left open."""
        if self._script.transaction:
            self._database.commit()
        elif self._database.in_transaction:
            raise NodeError("the script ends inside a transaction, which was rolled back; add COMMIT")

    def assigned(self, statements: int) -> Counts:
        """Log the totals, set the parameters and return the counts."""
        counts = self._counts
        for row in (self._rows or [])[:_SHOWN_ROWS]:
            told = ", ".join(f"{name} = {str(cell)[:_SHOWN_CELL]}" for name, cell in row.items())
            self._context.log(Level.INFO, f"row: {told}")
        if self._script.assign:
            self._context.assign(assigned_values(self._script.assign, Result(self._rows or [])))
        totals = f"{statements} statements, {counts.written} rows changed, {counts.read} rows read"
        self._context.log(Level.BASIC, totals)
        return counts

    def _execute(self, statement: str) -> tuple[int | None, int]:
        from .sql_values import as_rows

        bound = self._binder.bind(statement)
        with self._database.query(bound.sql, bound.values, _FETCHED) as rows:
            if not rows.names and rows.changed >= 0:
                return None, rows.changed
            head: list[dict[str, Any]] = []
            total = 0
            while fetched := rows.fetch():
                total += len(fetched)
                if len(head) < self._kept:
                    head += as_rows(rows.names, fetched[: self._kept - len(head)])
            self._rows = head
            return total, rows.changed

    def _count(self, statement: str, read: int | None, changed: int) -> None:
        if read is not None:
            self._counts += Counts(read=read)
        elif changed > 0:
            word = (re.match(r"\W*(\w+)", _without_comments(statement)) or ["", ""])[1].upper()
            self._counts += Counts(**{_COUNTED.get(word, "updated"): changed})
        self._context.progress(self._counts)


def split(script: str) -> list[str]:
    """Return the statements of a script; comments alone are none."""
    import sqlparse

    pieces = (piece.strip() for piece in sqlparse.split(script, strip_semicolon=False))
    return [piece for piece in pieces if _without_comments(piece).strip(" \t\r\n;")]


def shown(statement: str) -> str:
    """Return how a statement begins, without what it holds in quotes: that may be secret."""
    text = " ".join(_QUOTED.sub("'…'", statement[: 20 * _SHOWN_CHARACTERS]).split())
    return text[:_SHOWN_CHARACTERS] + ("…" if len(text) > _SHOWN_CHARACTERS else "")


def _without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*|/\*.*?(?:\*/|\Z)", " ", text, flags=re.S)
