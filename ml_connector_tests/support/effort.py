"""How much work the database has with each statement: counted, not timed.

SQLite counts the steps of its virtual machine. PostgreSQL explains each statement where it is issued: rows looked at
and pages touched. A statement whose effort follows the size of the history shows in either.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

#: SQLite tells every so many steps.
_EVERY = 50
#: Not explained: these have no plan.
_EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass
class Efforts:
    """The largest effort of each statement text. hardest: what it was."""

    of: dict[str, int] = field(default_factory=dict)
    plans: dict[str, str] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.Lock)

    def add(self, statement: str, effort: int, plan: str = "") -> None:
        with self.lock:
            if statement and effort >= self.of.get(statement, 0):
                self.of[statement] = effort
                self.plans[statement] = plan

    def above(self, bound: int) -> dict[str, int]:
        return {text: effort for text, effort in self.of.items() if effort > bound}

    def told(self, bound: int) -> str:
        """Those above a bound, the hardest first, for a failing test."""
        found = sorted(self.above(bound).items(), key=lambda one: -one[1])
        return "\n\n".join(f"{effort}: {text}\n{self.plans[text]}" for text, effort in found)


@contextmanager
def measured() -> Iterator[Efforts]:
    """Measure every statement that any ledger of this process is asked."""
    efforts = Efforts()
    watch = _Watch(efforts)
    for name, hook in (("before_cursor_execute", watch.before), ("after_cursor_execute", watch.after)):
        sa.event.listen(sa.Engine, name, hook)
    try:
        yield efforts
    finally:
        for name, hook in (("before_cursor_execute", watch.before), ("after_cursor_execute", watch.after)):
            sa.event.remove(sa.Engine, name, hook)
        watch.end()


class _Watch:
    def __init__(self, efforts: Efforts) -> None:
        self._efforts = efforts
        #: SQLite connections, each with what it is at, and the steps of that so far.
        self._at: dict[int, list[Any]] = {}

    def before(self, connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if "ml_connector_clock" not in connection.get_execution_options():
            return
        has_plan = statement.lstrip().upper().startswith(_EXPLAINED)
        if connection.dialect.name == "sqlite":
            self._begin(connection.connection.dbapi_connection, statement if has_plan else "")
        elif has_plan:
            first = parameters[0] if many and isinstance(parameters, list) else parameters
            self._explain(connection.connection.dbapi_connection.cursor(), statement, first)

    def after(self, *_: Any) -> None:
        """Rows are still fetched: the next statement of the connection ends the one before."""

    def _begin(self, raw: Any, statement: str) -> None:
        known = self._at.get(id(raw))
        if known is None or known[0] is not raw:
            known = self._at[id(raw)] = [raw, "", 0]

            def step() -> int:
                known[2] += _EVERY
                return 0

            raw.set_progress_handler(step, _EVERY)
        else:
            self._efforts.add(known[1], known[2])
        known[1], known[2] = statement, 0

    def end(self) -> None:
        for raw, statement, steps in self._at.values():
            self._efforts.add(statement, steps)
            with suppress(sqlite3.ProgrammingError):  # closed meanwhile
                raw.set_progress_handler(None, _EVERY)

    def _explain(self, cursor: Any, statement: str, parameters: Any) -> None:
        cursor.execute("SAVEPOINT effort")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}", parameters)
        (found,) = cursor.fetchone()
        cursor.execute("ROLLBACK TO SAVEPOINT effort")
        plan = (found if isinstance(found, list) else json.loads(found))[0]["Plan"]
        self._efforts.add(statement, _rows(plan), "\n".join(_lines(plan, 0)))


def _rows(plan: dict[str, Any]) -> int:
    """Rows that were looked at: also those that a filter threw away, and what sorts and counts are fed."""
    loops = plan.get("Actual Loops", 1)
    seen = plan.get("Actual Rows", 0) + plan.get("Rows Removed by Filter", 0)
    seen += plan.get("Rows Removed by Index Recheck", 0) + plan.get("Rows Removed by Join Filter", 0)
    return int(seen * loops) + sum(_rows(inner) for inner in plan.get("Plans", ()))


def _lines(plan: dict[str, Any], depth: int) -> Iterator[str]:
    what = [
        str(plan[key]) for key in ("Node Type", "Relation Name", "Index Name", "Index Cond", "Filter") if key in plan
    ]
    yield f"{'  ' * depth}{' '.join(what)} rows={plan.get('Actual Rows')} x {plan.get('Actual Loops')}"
    for inner in plan.get("Plans", ()):
        yield from _lines(inner, depth + 1)
