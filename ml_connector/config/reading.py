"""Reads one configuration file: bounded YAML, checked by its model; every error names the file, the key and the mend.

Nothing of a file's text stands in an error but short values: a secret may stand in the wrong place.
"""

import os
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from ml_connector.config.base import Settings
from ml_connector.errors import ConfigError

# libyaml's parser, where there is one: it takes a tenth of the time, and every process reads its configuration first.
try:
    from yaml import CSafeLoader as _Fast
except ImportError:
    from yaml import SafeLoader as _Fast  # type: ignore[assignment]

M = TypeVar("M", bound=Settings)
_SURROGATE = re.compile("[\ud800-\udfff]")

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 50
#: Errors named at once.
MOST_TOLD = 50
ABSENT = "Run `ml-connector init`, or name the file with --config."


def read_yaml(path: Path, absent: str = ABSENT) -> Any:
    """The values of a configuration file, bounded, with environment variables put in; not yet validated.

    absent: what to do where there is no such file.

    Raises:
        ConfigError: missing, no YAML, too large or too deep.
    """
    return _Expansion(path).of(_read(path, absent))


def _read(path: Path, absent: str) -> Any:
    raw = _bytes_of(path, absent)
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes.", remedy="This is not a configuration file.")
    try:
        text = raw.decode("utf-8")
        if _is_deep(text):
            raise _too_deep(path)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except RecursionError:
        refused = _too_deep(path)
    except (ValueError, LookupError, AttributeError, TypeError, yaml.YAMLError) as error:
        # What PyYAML's own conversions meet with under a tag (`!!bool maybe`, `!!int ''`) comes out as it is.
        refused = _not_yaml(path, error)
    # Not chained: the parser's own text quotes the line, and a secret may stand there.
    raise refused


def _is_deep(text: str) -> bool:
    """Looked at before anything is made of it: libyaml makes nested values by calls in C, which no limit stops."""
    depth = 0
    for event in yaml.parse(text, Loader=_Fast):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH + 1:
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


def _bytes_of(path: Path, absent: str) -> bytes:
    """A file's bytes, bounded. What is no plain file is not opened: reading a pipe would wait for ever."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path}: is not a file.", remedy="Take it away, or put the file in its place.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        remedy = absent if isinstance(error, FileNotFoundError) else "Let the user that runs ml-connector read it."
        raise ConfigError(f"{path}: cannot be read ({error.strerror}).", remedy=remedy) from error


def _not_yaml(path: Path, error: Exception) -> ConfigError:
    where = getattr(error, "problem_mark", None)
    place = f" line {where.line + 1}, column {where.column + 1}" if where else ""
    if isinstance(error, UnicodeDecodeError):
        return ConfigError(f"{path}: is not UTF-8 text.", remedy="Save it as UTF-8: your editor offers it on saving.")
    other = "it holds a value that cannot be read"
    # A password that begins with ! or * reads as a tag or an alias, and the parser's words quote it.
    problem = re.sub(r"'[^']{5,}'", "(…)", str(getattr(error, "problem", None) or other))
    return ConfigError(f"{path}:{place} is not YAML: {problem}.", remedy="Mend the line.")


class _Loader(_Fast):
    """YAML without surprises: a key that stands twice is refused, not overwritten in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag != "tag:yaml.org,2002:merge":
                if key_node.value in seen:
                    problem = f"the key {key_node.value[:40]} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key_node.value)
        made: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return made

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merges (`<<`) are written out by the parser: counted first, as few lines can mean more than memory holds."""
        merged = 0
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                continue
            for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(one, yaml.MappingNode):
                    self.flatten_mapping(one)
                    merged += len(one.value)
                if merged > MAX_VALUES:
                    problem = f"merges that hold more than {MAX_VALUES} values"
                    raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        super().flatten_mapping(node)


def _too_deep(path: Path) -> ConfigError:
    return ConfigError(
        f"{path}: nested deeper than {MAX_DEPTH} levels, or aliases that lead back to themselves.",
        remedy="This is not a configuration file; or take the aliases out.",
    )


class _Expansion:
    """Replaces ${NAME} and ${NAME:-default} in text values: for addresses and ports, not for secrets.

    Aliases are written out by it: few lines of them can mean more values than any memory holds.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = MAX_VALUES

    def of(self, value: Any, depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ConfigError(
                f"{self._path}: holds more than {MAX_VALUES} values, aliases written out.",
                remedy="This is not a configuration file; or take the aliases out.",
            )
        if depth > MAX_DEPTH:
            raise _too_deep(self._path)
        if isinstance(value, dict):
            return {self._checked(key): self.of(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.of(item, depth + 1) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _checked(self, value: Any) -> Any:
        """A value as it is, unless it is text that no database and no terminal takes."""
        if isinstance(value, str) and ("\0" in value or (not value.isascii() and _SURROGATE.search(value))):
            raise ConfigError(
                f"{self._path}: a value or key holds a character that is none (NUL, or half of a pair).",
                remedy="Take out what is written \\0, \\x00 or \\ud8 in it.",
            )
        return value

    def _text(self, value: str) -> str:
        self._checked(value)
        if not (value.startswith("${") and value.endswith("}")):
            return value
        name, found, default = value[2:-1].partition(":-")
        if (given := os.environ.get(name)) is not None:
            return given
        if not found:
            raise ConfigError(
                f"{self._path}: environment variable {name} is not set.",
                remedy=f"Set it, or write ${{{name}:-default}}.",
            )
        return default


def validated(model: type[M], value: Any, path: Path) -> M:
    """A value as its model.

    Raises:
        ConfigError: it does not fit; the first of what is wrong are named.
    """
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: holds no settings.", remedy="Run `ml-connector init` for a starting file.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = error.errors(include_url=False)
    lines = [_explain(path, problem) for problem in problems[:MOST_TOLD]]
    if len(problems) > MOST_TOLD:
        lines.append(f"{path}: and {len(problems) - MOST_TOLD} more.")
    # Not chained: pydantic's own text quotes the values.
    raise ConfigError(
        "\n".join(lines), remedy=f"Mend {path.name}; `ml-connector init` writes one with every setting explained."
    )


def _explain(path: Path, problem: Any) -> str:
    key = ".".join(str(part) for part in _written(problem["loc"])) or "(top)"
    found = problem.get("input")
    message = {
        "extra_forbidden": "is not a setting here: mend the name or take it out",
        "missing": "is missing: add it",
    }.get(problem["type"], problem["msg"])
    of_secret = "SecretRef" in message
    if of_secret:
        message = "is a reference, never the secret itself: write {env: NAME}, {file: PATH} or {store: NAME}"
    elif problem["type"] == "string_type" and isinstance(found, bool | int | float | date):
        # What stands without quotes is a number, a date or yes and no to YAML, and may have lost its zeros.
        message = "is text: write it in quotes, as it is in full"
    elif problem["type"] == "union_tag_invalid":
        told = problem["ctx"]
        key, found = f"{key}.{told['discriminator'].strip(chr(39))}", told["tag"]
        message = f"must be one of {told['expected_tags']}"
    # A value under a name we do not know, or with an @ in it, may be a secret under a misspelt key or in an address.
    hidden = problem["type"] in {"missing", "extra_forbidden"} or isinstance(found, dict | list) or "@" in str(found)
    shown = "" if hidden or of_secret or _looks_secret(key) else f" (found {_as_text(found)})"
    return f"{path}: {key[:200]}: {message.removeprefix('Value error, ')[:300]}{shown}"


def _as_text(found: Any) -> str:
    """A value as a person recognises it: text in quotes, others as they are."""
    return repr(found[:60]) if isinstance(found, str) else str(found)[:60]


def _written(place: Sequence[int | str]) -> Sequence[int | str]:
    """A place as it stands in the file: behind a connection's name pydantic puts its system; nobody wrote it there."""
    return [*place[:2], *place[3:]] if place[:1] == ("connections",) else place


def _looks_secret(key: str) -> bool:
    return any(word in key.lower() for word in ("secret", "password", "token", "key"))
