"""The partner files of an integration, each read by itself: a wrong one stops its own partner and nobody else.

What of a wrong file can be read all the same (name, supplier, identities, folders) stays known, so that what comes
from that partner or is meant for it is held, and never taken for a stranger's or for another's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from ml_connector.config.partners import Partner, Role, X12Identity
from ml_connector.config.reading import read_yaml, validated
from ml_connector.errors import ConfigError

SUFFIXES = {".yaml", ".yml"}
#: More files of one folder are not looked at: it is no folder of partner files.
MOST_FILES = 10_000
#: What a starting file says where only the partner, or the ERP, knows the value.
FILL_IN = "FILL_IN"
#: A file that says one of these, and nothing of who it is of, is a layout: partners may name those beside their files.
LAYOUT_KEYS = frozenset({"extends", "document"})
PARTNER_KEYS = frozenset({"role", "vendor", "customer", "account", "identity", "test_identity", "channels", "layouts"})
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,59}")


@dataclass(frozen=True)
class PartnerProblem:
    """A partner that is stopped by its file, and what is known of it all the same.

    name: as the file tells it, else by the file's own name; empty where the whole folder is what is wrong. role: empty
    where it cannot be read. vendor, customer: its account. speaks_x12: false where the file names no identity on
    purpose.
    """

    name: str
    file: Path
    message: str
    remedy: str
    vendor: str = ""
    identities: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    role: str = ""
    speaks_x12: bool = True
    customer: str = ""

    @property
    def line(self) -> str:
        """Place, value and remedy in one line."""
        first, *more = self.message.splitlines() or [""]
        others = f" (and {len(more)} more)" if more else ""
        return f"{first}{others} {self.remedy}".strip()

    @property
    def may_be_supplier(self) -> bool:
        """Whether orders may be meant for it."""
        return self.role in {"", "supplier"}

    @property
    def hides_a_customer(self) -> bool:
        """Whether it may be a customer of whom nobody can read which."""
        return not self.customer and not self.vendor and self.role in {"", "customer"}

    @property
    def may_send_x12(self) -> bool:
        """Whether an interchange of an unknown sender may be its."""
        return self.speaks_x12 and not self.identities

    @property
    def is_known(self) -> bool:
        """Whether it is known whose orders, invoices, interchanges and folders are meant."""
        whose = bool(self.vendor or not self.may_be_supplier) and bool(self.customer or self.role != "customer")
        return whose and not self.may_send_x12


@dataclass(frozen=True)
class PartnerFiles:
    """What the files of a folder hold. files: where each good partner stands, by its name."""

    partners: dict[str, Partner] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    problems: tuple[PartnerProblem, ...] = ()

    def stopped(self, reasons: Mapping[str, ConfigError]) -> "PartnerFiles":
        """The same, with good partners (by name) stopped for what their files do to others."""
        found = [problem_of(self.partners[name], self.files[name], error) for name, error in reasons.items()]
        left = {name: partner for name, partner in self.partners.items() if name not in reasons}
        return replace(self, partners=left, problems=(*self.problems, *found))


def problem_of(partner: Partner, file: Path, error: ConfigError) -> PartnerProblem:
    """A partner whose file is right by itself, and cannot be used beside the others."""
    return PartnerProblem(
        partner.name,
        file,
        _shown(error.message),
        error.remedy,
        vendor=partner.vendor,
        identities=partner.identity_keys,
        folders=partner.channels.receive,
        role=partner.role,
        speaks_x12=bool(partner.identities),
        customer=partner.customer,
    )


def load_partners(folder: Path, *, shared_folders: bool = False) -> PartnerFiles:
    """All partner files of a folder. Of two that are to be told apart and cannot be, both are stopped.

    shared_folders: several partners may be read from one folder; who sent a file stands in it.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)[:MOST_FILES]
    except (FileNotFoundError, NotADirectoryError):
        return _unusable(folder, "no such folder of partner files.", "Create it, or mend `partners`.")
    except OSError as error:
        return _unusable(folder, f"cannot be read ({error.strerror}).", "Let the user that runs ml-connector read it.")
    read: list[tuple[Path, Partner]] = []
    problems: list[PartnerProblem] = []
    for path in paths:
        found = _read(path)
        if isinstance(found, Partner):
            read.append((path, found))
        elif found is not None:
            problems.append(found)
    clashes = _clashes(read, shared_folders=shared_folders)
    problems += [problem_of(partner, path, clashes[path]) for path, partner in read if path in clashes]
    good = [(path, partner) for path, partner in read if path not in clashes]
    return PartnerFiles(
        {partner.name: partner for _, partner in good},
        {partner.name: path for path, partner in good},
        tuple(sorted(problems, key=lambda problem: problem.file)),
    )


def _unusable(folder: Path, why: str, remedy: str) -> PartnerFiles:
    return PartnerFiles(problems=(PartnerProblem("", folder, f"{folder}: {why}", remedy),))


def _read(path: Path) -> Partner | PartnerProblem | None:
    """The partner of a file, or what is wrong with it; None: it is a layout."""
    raw: Any = None
    try:
        raw = read_yaml(path, absent="Take the dangling link away, or put the file in its place.")
        if _is_layout(raw):
            return None
        return _filled_in(validated(Partner, raw, path), raw, path)
    except ConfigError as error:
        facts = raw if isinstance(raw, dict) else {}
        return PartnerProblem(
            _name(facts.get("name"), path),
            Path(_shown(str(path))),
            _shown(error.message),
            error.remedy,
            vendor=_text(facts.get("vendor")),
            identities=tuple(_identity_keys(facts)),
            folders=_folders(facts.get("channels")),
            role=_role(facts),
            speaks_x12=not facts or "identity" in facts or "layouts" not in facts,
            customer=_text(facts.get("customer")),
        )


def _is_layout(raw: Any) -> bool:
    """Whether a file says how documents are written, and nothing of a partner."""
    keys = set(raw) if isinstance(raw, dict) else set()
    return bool(keys & LAYOUT_KEYS) and not keys & PARTNER_KEYS


def _filled_in(partner: Partner, raw: Any, path: Path) -> Partner:
    """The partner. A starting file works on nothing: what it says of whom and where is nobody's yet.

    Raises:
        ConfigError: something says FILL_IN.
    """
    left = list(dict.fromkeys(_not_filled_in(raw, "")))
    if left:
        raise ConfigError(
            f"{path}: {', '.join(left[:10])}: not filled in yet.",
            remedy=f"Write what the partner and the ERP call it, in place of {FILL_IN}; or take the file away.",
        )
    return partner


def _not_filled_in(value: Any, place: str) -> Iterable[str]:
    """Places of values that nobody has filled in."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _not_filled_in(one, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for one in value:
            yield from _not_filled_in(one, place)
    elif isinstance(value, str) and FILL_IN in value:
        yield place


def _shown(text: str) -> str:
    """A file's name may be bytes that are no text: spelled, so that databases and terminals take it."""
    return text.encode("utf-8", "backslashreplace").decode()


def _name(told: Any, path: Path) -> str:
    if isinstance(told, str) and _NAME.fullmatch(told.strip()):
        return told.strip()
    plain = re.sub(r"[^a-z0-9_]", "_", path.stem.lower())[:60]
    return plain if _NAME.fullmatch(plain) else "unnamed"


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _role(facts: Mapping[str, Any]) -> str:
    """The role that a file tells; empty where it cannot be read."""
    role = facts.get("role", "supplier" if facts else "")
    return role if role in get_args(Role) else ""


def _identity_keys(facts: Mapping[str, Any]) -> Iterable[str]:
    for key in ("identity", "test_identity"):
        try:
            yield X12Identity.model_validate(facts.get(key)).key
        except ValidationError:
            continue


def _folders(channels: Any) -> tuple[str, ...]:
    receive = channels.get("receive") if isinstance(channels, dict) else None
    return tuple(_text(one) for one in receive if _text(one)) if isinstance(receive, list) else ()


def _clashes(read: Iterable[tuple[Path, Partner]], *, shared_folders: bool) -> dict[Path, ConfigError]:
    """Files that say of two partners what can be true of one. Which of them is right nobody can tell: none goes on."""
    users: dict[tuple[str, str], list[Path]] = {}
    for path, partner in read:
        keys = [("name", partner.name), *(("identity", key) for key in partner.identity_keys)]
        if partner.role != "supplier" and partner.account_key:
            # Several files of one supplier are right: which of them gets its orders stands in `orders.send`.
            keys.append((f"account of the {partner.role}", partner.erp_account))
        if not shared_folders:
            keys += [("receiving folder", name) for name in dict.fromkeys(partner.channels.receive)]
        for key in keys:
            users.setdefault(key, []).append(path)
    found: dict[Path, ConfigError] = {}
    for (what, value), paths in users.items():
        for path in paths if len(paths) > 1 else ():
            others = ", ".join(other.name for other in paths if other != path)
            remedy = "Give each partner its own."
            if what == "receiving folder":
                remedy = "Give each its own, or set `shares_folders: true` at the connection."
            found.setdefault(path, ConfigError(f"{path}: {what} {value} is also that of {others}.", remedy=remedy))
    return found
