"""Where a channel's folder is: `Export` is what we read, `Import` what we write (truecommerce 1 and 3)."""

from collections.abc import Sequence

from ml_connector.errors import ConfigError
from ml_connector.systems.sftp.paths import Direction, parts_of
from ml_connector.systems.truecommerce.settings import TrueCommerceConnection

_TREE = "integrationftp"
_EXPORT, _IMPORT, _DEFINITIONS = "export", "import", "definitions"


def segments_of(connection: str, settings: TrueCommerceConnection, channel: str, direction: Direction) -> list[str]:
    """The names on the way to a channel's folder: first "" for the server's root or "." for where the login starts.

    channel: `Export` or `Import` for the company's own folders by the connection's templates; `Export/Other Company`
    for another company's; with a leading slash a whole path; anything else is below `root_prefix`.

    Raises:
        ConfigError: no folder, or one of the other direction.
    """
    parts = _parts(connection, channel)
    word = parts[0].casefold()
    start = "" if channel.startswith("/") or settings.root_prefix.startswith("/") else "."
    if not channel.startswith("/"):
        if word in {_EXPORT, _IMPORT} and len(parts) <= 2:
            template = settings.export_path_template if word == _EXPORT else settings.import_path_template
            parts = _filled(connection, template, parts[1] if len(parts) == 2 else settings.company_folder)
        if settings.root_prefix.strip("/"):
            parts = [*_parts(connection, settings.root_prefix), *parts]
    _check_direction(connection, channel, parts, direction)
    return [start, *parts]


def _parts(connection: str, path: str) -> list[str]:
    return parts_of(
        connection,
        path,
        "Write `Export`, `Import`, or a path like /0123456789/IntegrationFTP/Export/Company/Transaction.",
    )


def _filled(connection: str, template: str, company: str) -> list[str]:
    if "{company}" in template and not company.strip():
        raise ConfigError(f"{connection}: company_folder is empty.", remedy="Name the company's folder of the tree.")
    return [part.replace("{company}", company.strip()) for part in _parts(connection, template)]


def _check_direction(connection: str, channel: str, parts: Sequence[str], direction: Direction) -> None:
    """Reading Import or writing to Export is always a mistake: the words are from TrueCommerce's side."""
    folded = [part.casefold() for part in parts]
    below = folded[folded.index(_TREE) + 1 :] if _TREE in folded else folded
    word = below[0] if below else ""
    if direction == "read" and word in {_IMPORT, _DEFINITIONS}:
        raise ConfigError(
            f"{connection}: {channel!r} is not for reading.",
            remedy="Documents from partners are in Export; Import is what TrueCommerce takes from us.",
        )
    if direction == "write" and word in {_EXPORT, _DEFINITIONS}:
        raise ConfigError(
            f"{connection}: {channel!r} is not for writing.",
            remedy="Documents for partners go to Import; Export is what TrueCommerce gives to us.",
        )
