"""Names that can stand in a path, and folders told by them."""

from collections.abc import Callable, Sequence
from typing import Literal

from ml_connector.errors import ConfigError
from ml_connector.transport.safe_names import DOTS, MAX_NAME, UNFIT, clean_name

Direction = Literal["read", "write"]
#: The names on the way to a channel's folder: first "" for the server's root or "." for where the login starts.
Segments = Callable[[str, Direction], list[str]]


def parts_of(connection: str, path: str, remedy: str) -> list[str]:
    """The names of a path.

    Raises:
        ConfigError: it is none, or leads elsewhere.
    """
    parts = [part for part in path.split("/") if part]
    if not parts or any(part in DOTS or not usable(part) for part in parts):
        raise ConfigError(f"{connection}: {clean_name(path)!r} is not a folder.", remedy=remedy)
    return parts


def usable(name: str) -> bool:
    """Whether a name from outside can stand in a path, and in the ledger: one name, no control characters."""
    return (
        name not in DOTS and len(name) <= MAX_NAME and "/" not in name and "\\" not in name and not UNFIT.search(name)
    )


def same_folder(connection: str, wanted: str, names: Sequence[str], where: Callable[[], str], mend: str) -> str:
    """The name among those of a folder that is the wanted one, without regard to case. mend: settings that name it.

    Raises:
        ConfigError: none is, or several are.
    """
    same = [name for name in names if name.casefold() == wanted.casefold()]
    if len(same) == 1:
        return same[0]
    if same:
        raise ConfigError(
            f"{connection}: {where()} holds {len(same)} folders named {wanted!r} but for case.",
            remedy="Write the name exactly as it stands there.",
        )
    seen = ", ".join(sorted(clean_name(name) for name in names)[:20])
    raise ConfigError(
        f"{connection}: there is no folder {wanted!r} in {where()}, or the login does not see it.",
        remedy=f"Mend {mend} or the partner's channels.{f' Seen there: {seen}.' if seen else ''}",
    )
