"""What a database's refusals mean: the cause and the remedy, in a sentence each."""

import errno
import sqlite3
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ml_connector.errors import ConfigError, ConnectorError, TryAgain

#: The work is left as it is and taken up by the next run.
_LATER = "What was begun is taken up then."
_FULL = f"Free space on that disk. {_LATER}"
_READ_ONLY = f"Make the file, its folder and its disk writable for this user. {_LATER}"
_RIGHTS = f"Let this user read and write the file and its folder. {_LATER}"
_BUSY = f"End what holds it (a backup, an open SQL shell), or wait. {_LATER}"
_GONE = f"See that the database runs and that its URL is right. {_LATER}"

#: What SQLite says -> (what it means, the remedy, seconds to wait).
_SQLITE: Sequence[tuple[str, str, str, float]] = (
    ("locked", "is busy: another process holds it", _BUSY, 5),
    ("disk is full", "cannot be written: its disk is full", _FULL, 60),
    ("readonly", "cannot be written: it is read-only", _READ_ONLY, 60),
    (
        "unable to open",
        "cannot be opened",
        f"See that its folder is there and may be written by this user. {_LATER}",
        60,
    ),
    ("disk i/o error", "cannot be read or written: its disk fails or is full", f"Look at the disk. {_LATER}", 60),
)
#: The beginnings of PostgreSQL's codes -> the same.
_POSTGRES: Sequence[tuple[str, str, str, float]] = (
    ("53100", "cannot be written: the disk of its server is full", _FULL, 60),
    ("25006", "cannot be written: its server is read-only (a standby, or switched so)", _GONE, 60),
    ("53300", "takes no more connections", f"Raise max_connections of its server, or run less at once. {_LATER}", 10),
    ("40", "undid a transaction that met another one", _LATER, 1),
    ("55P03", "is busy: another transaction holds what is needed", _BUSY, 5),
    ("57014", "took too long over a statement", _LATER, 10),
    ("25P03", "gave up a transaction whose process had been stopped", _LATER, 10),
    ("57P", "is being stopped, or just starts", _GONE, 10),
    ("08", "cannot be reached", _GONE, 10),
)
_URL = "Mend the ledger's URL, its password or the rights of its role (docs/postgresql.md)."
#: The beginnings of codes that no waiting mends -> what they mean, the remedy.
_POSTGRES_REFUSES: Sequence[tuple[str, str, str]] = (
    ("42501", "refuses its role a right", "Grant it (docs/postgresql.md tells which)."),
    ("28", "refuses the login", _URL),
    ("3D000", "is not there", _URL),
    ("3F000", "lacks its schema", "Create the schema, or mend the role's search_path."),
    ("42P01", "lacks a table", "See that its URL names the ledger's database; else restore a backup (docs/backup.md)."),
)
_LOGIN_REFUSED = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "is not permitted to log in",
    "does not exist",
    "invalid port number",
    "invalid sslmode",
    "invalid connection option",
    "certificate verify failed",
)
_OF_SYSTEM = {
    errno.ENOSPC: ("the disk is full", _FULL),
    errno.EDQUOT: ("this user may store no more", _FULL),
    errno.EROFS: ("the disk is read-only", _READ_ONLY),
    errno.EACCES: ("this user may not", _RIGHTS),
    errno.EPERM: ("this user may not", _RIGHTS),
    errno.EIO: ("the disk fails", f"Look at the disk. {_LATER}"),
    errno.ESTALE: ("its disk was taken away or its server is", f"Mount the disk again. {_LATER}"),
    errno.ENOTCONN: ("its disk was taken away or its server is", f"Mount the disk again. {_LATER}"),
    errno.ENODEV: ("its disk was taken away", f"Mount the disk again. {_LATER}"),
    errno.EMFILE: ("this process has too many files open", f"Raise its limit of open files (ulimit -n). {_LATER}"),
    errno.ENFILE: ("this machine has too many files open", f"Raise its limit of open files. {_LATER}"),
    errno.ENOMEM: ("the machine has no memory left", f"End something, or give it more. {_LATER}"),
    errno.ETXTBSY: ("another program holds it", _BUSY),
    errno.EBUSY: ("another program holds it", _BUSY),
    errno.EFBIG: ("the file may grow no more (a limit of this user)", _FULL),
}
_DAMAGED = ("malformed", "not a database")


def of_database(error: Exception, what: str) -> ConnectorError | None:
    """What a driver's error means; None for one that says a statement is wrong: a defect of ours.

    what: the database, as it is called in the sentence (no password).
    """
    if isinstance(error, PoolTimeout):
        return TryAgain(f"{what} has all its connections in use.", after_seconds=5, remedy=_LATER)
    driver = error.orig if isinstance(error, DBAPIError) else error
    text = str(driver).strip()
    if isinstance(driver, sqlite3.Error):
        return _of_sqlite(text.lower(), what)
    if not isinstance(error, DBAPIError):
        return None
    return _of_postgres(error, text, what)


def _of_postgres(error: DBAPIError, text: str, what: str) -> ConnectorError | None:
    code = str(getattr(error.orig, "pgcode", None) or "")
    for begins, means, remedy, seconds in _POSTGRES:
        if code.startswith(begins):
            return TryAgain(f"{what} {means}.", after_seconds=seconds, remedy=remedy)
    if (refused := _refused(code, text, what)) is not None:
        return refused
    if error.connection_invalidated or (
        not code and type(error.orig).__name__ in ("OperationalError", "InterfaceError")
    ):
        cause = text.splitlines()[0][:300] if text else "no reason given"
        return TryAgain(f"{what} cannot be reached: {cause}", after_seconds=10, remedy=_GONE)
    return None


def _refused(code: str, text: str, what: str) -> ConfigError | None:
    """What no waiting mends: rights, a login, tables or a database that are not there, a URL that cannot be."""
    line = text.splitlines()[0][:300] if text else ""
    for begins, means, remedy in _POSTGRES_REFUSES:
        if code.startswith(begins):
            return ConfigError(f"{what} {means}: {line}", remedy=remedy)
    # Before there is a connection there is no code, only words.
    if not code and any(part in text for part in _LOGIN_REFUSED):
        return ConfigError(f"{what} cannot be used: {line}", remedy=_URL)
    return None


def _of_sqlite(text: str, what: str) -> ConnectorError | None:
    for part, means, remedy, seconds in _SQLITE:
        if part in text:
            return TryAgain(f"{what} {means}.", after_seconds=seconds, remedy=remedy)
    if any(part in text for part in _DAMAGED):
        return ConnectorError(
            f"{what} is damaged.", remedy="Keep the file aside and restore a backup (docs/backup.md)."
        )
    return None


def is_about_room(error: OSError) -> bool:
    """Whether it is the disk, its room or this user's rights, and not the path that is wrong."""
    return error.errno in _OF_SYSTEM


def of_system(error: OSError, what: str) -> ConnectorError:
    """What the operating system's refusal means. what: the file or folder, as it is called in the sentence."""
    known = _OF_SYSTEM.get(error.errno or 0)
    if known is None:
        no_folder = isinstance(error, FileExistsError | NotADirectoryError)
        why = "a file stands where a folder should be" if no_folder else error.strerror or type(error).__name__
        return ConfigError(f"{what} cannot be used: {why}.", remedy="See that the path is right.")
    means, remedy = known
    return TryAgain(f"{what} cannot be used: {means}.", after_seconds=60, remedy=remedy)
