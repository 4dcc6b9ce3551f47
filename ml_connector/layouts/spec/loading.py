"""Loads layouts: shipped ones by name, others by file; a layout may extend another one and say only what differs."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ml_connector.config.reading import read_yaml
from ml_connector.errors import ConfigError
from ml_connector.layouts.spec.compiled_layout import Contradiction, Layout
from ml_connector.layouts.spec.compiler import compile_layout
from ml_connector.layouts.spec.model import LayoutFile

SHIPPED = Path(__file__).parent.parent / "shipped"
MOST_ANCESTORS = 5
MOST_TOLD = 50


def shipped_names() -> tuple[str, ...]:
    """Names of the layouts that come with the package."""
    return tuple(sorted(file.stem for file in SHIPPED.glob("*.yaml")))


def load_layout(name: str | Path, folder: Path | None = None) -> Layout:
    """A layout by the name of a shipped one, or by its file (relative to `folder` where that is given).

    Raises:
        ConfigError: there is none, or it is wrong: names the file, the key and what would do.
    """
    text = str(name)
    if text in shipped_names():
        return _shipped(text)
    path = Path(text)
    if not path.suffix:
        raise ConfigError(
            f"There is no layout {text[:80]!r}.",
            remedy="Name a file ending in .yaml, or one of `ml-connector layout list`.",
        )
    return _loaded((folder / path) if folder else path)


@lru_cache(maxsize=64)
def _shipped(name: str) -> Layout:
    return _loaded(SHIPPED / f"{name}.yaml")


def _loaded(path: Path) -> Layout:
    raw = merged_settings(path)
    try:
        settings = LayoutFile.model_validate(raw)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        lines = [_explained(path, problem) for problem in problems[:MOST_TOLD]]
        raise ConfigError("\n".join(lines), remedy=f"Mend {path.name}; see docs/layouts.md.") from error
    try:
        return compile_layout(settings, str(path))
    except Contradiction as error:
        raise ConfigError(
            f"{path}: {error.where}: {error}.", remedy=f"Mend {path.name}; see docs/layouts.md."
        ) from error


def merged_settings(path: Path) -> dict[str, Any]:
    """A layout file's settings with those of the layouts it extends, not yet validated.

    Mappings are joined key by key, `null` takes a key away, everything else replaces.
    """
    chain = [(path, _read(path))]
    while base := chain[-1][1].get("extends"):
        if len(chain) > MOST_ANCESTORS:
            raise ConfigError(
                f"{path}: extends more than {MOST_ANCESTORS} layouts, or itself.", remedy="Mend `extends`."
            )
        file = SHIPPED / f"{base}.yaml" if str(base) in shipped_names() else chain[-1][0].parent / str(base)
        chain.append((file, _read(file)))
    settings = chain.pop()[1]
    for _, change in reversed(chain):
        settings = _joined(settings, change)
    return settings


def _read(path: Path) -> dict[str, Any]:
    value = read_yaml(path)
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: holds no settings.", remedy="See docs/layouts.md for an example.")
    return value


def _joined(base: Any, change: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(change, dict):
        # A field's short form, `Name: address`, joins as its long form.
        if isinstance(base, str) and isinstance(change, dict):
            return _joined({"to": base}, change)
        return change
    joined = {key: value for key, value in base.items() if key not in change or change[key] is not None}
    for key, value in change.items():
        if value is not None:
            joined[key] = _joined(base[key], value) if key in base else value
    return joined


def _explained(path: Path, problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "(top)"
    message = {
        "extra_forbidden": "is not a setting here: mend the name or take it out",
        "missing": "is missing: add it",
        "invalid_key": "is a name that YAML reads as something else (yes, no, on, off, numbers): put it in quotes",
    }.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    found = problem.get("input")
    shown = (
        ""
        if isinstance(found, dict | list | tuple) or problem["type"] == "missing"
        else f" (found {str(found)[:60]!r})"
    )
    return f"{path}: {key[:200]}: {message[:300]}{shown}"
