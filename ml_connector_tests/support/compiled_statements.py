"""Statements compiled once for a process of tests: each test opens engines of its own, whose caches begin empty."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

_COMPILED: dict[Any, Any] = {}
_MOST = 5000


class _OfDialect:
    """An engine's cache, as SQLAlchemy asks for it; its keys begin with the engine's own dialect."""

    def __init__(self, kind: tuple[Any, ...]) -> None:
        self._kind = kind

    def get(self, key: tuple[Any, ...]) -> Any:
        return _COMPILED.get((self._kind, *key[1:]))

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        if len(_COMPILED) >= _MOST:
            _COMPILED.clear()
        _COMPILED[(self._kind, *key[1:])] = compiled


def share() -> None:
    """From now on, for every engine of this process."""
    sa.event.listen(Engine, "engine_connect", _use_shared)


def _use_shared(connection: Connection) -> None:
    dialect = connection.dialect
    kind = (type(dialect), dialect.paramstyle, dialect.server_version_info)
    connection.execution_options(compiled_cache=_OfDialect(kind))  # type: ignore[arg-type]
