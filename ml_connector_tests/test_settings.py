"""The settings: each is read by something, and pages and messages name only those that there are."""

import ast
import re
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from ml_connector.config.loading import deployment_model
from ml_connector.config.partners import Partner
from ml_connector.layouts.spec.model import LayoutFile
from ml_connector.systems import registry
from ml_connector_tests.test_docs import PAGES, ROOT

SOURCES = [p for p in sorted((ROOT / "ml_connector").rglob("*.py")) if "sandbox" not in p.parts]


def _types(annotation: object) -> Iterator[object]:
    """A type and everything in its brackets."""
    yield annotation
    for inner in typing.get_args(annotation):
        yield from _types(inner)


def _models(annotation: object) -> list[type[BaseModel]]:
    return [one for one in _types(annotation) if isinstance(one, type) and issubclass(one, BaseModel)]


def _all_models(*roots: type[BaseModel]) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    left = list(roots)
    while left:
        model = left.pop()
        if model not in found:
            found.add(model)
            left += [inner for field in model.model_fields.values() for inner in _models(field.annotation)]
    return found


CONNECTIONS = [registry.find(name).settings for name in registry.SHIPPED]
DEPLOYMENT = deployment_model(tuple(registry.SHIPPED))  # with the settings of every flow that comes with the package
CONFIGURATION = _all_models(DEPLOYMENT, *CONNECTIONS, Partner)
EVERYTHING = _all_models(DEPLOYMENT, *CONNECTIONS, Partner, LayoutFile)


def _names(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _below(name: str) -> set[str] | None:
    """What may stand below a setting of this name; None: anything, for its keys are the user's."""
    found: set[str] = set()
    for model in EVERYTHING:
        for key, field in model.model_fields.items():
            if (field.alias or key) != name:
                continue
            if dict in _types(field.annotation) or any(typing.get_origin(t) is dict for t in _types(field.annotation)):
                return None
            found |= {inner for one in _models(field.annotation) for inner in _names(one)}
    return found


def test_every_setting_is_read_by_something() -> None:
    """One that nobody reads promises what is not done."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    attributes = set(re.findall(r"\.(\w+)", text)) | set(re.findall(r"[\"'](\w+)[\"']", text))
    unread = {f"{model.__name__}.{name}" for model in CONFIGURATION for name in model.model_fields} - {
        f"{model.__name__}.{name}" for model in CONFIGURATION for name in model.model_fields if name in attributes
    }
    assert unread == set()


#: Pages that make a package of their own: its settings are tested with it (`support.pages`).
_OWN_PACKAGES = {"add-a-flow.md", "add-a-system.md"}
TOLD = [page for page in PAGES if page.name not in _OWN_PACKAGES]


def _blocks(page: Path) -> list[str]:
    return re.findall(r"^ *```yaml\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def _strange(value: object, known: set[str] | None) -> Iterator[str]:
    """Keys of a YAML value that are no settings. known: what may stand here; None: anything."""
    if isinstance(value, list):
        for item in value:
            yield from _strange(item, known)
    if isinstance(value, dict):
        for key, inner in value.items():
            if known is not None and key not in known:
                yield str(key)
            else:
                yield from _strange(inner, _below(str(key)) if known is not None else _user_named(inner))


def _user_named(value: object) -> set[str] | None:
    """Below a name of the user's own (a connection, a field): the settings of what it names."""
    if not isinstance(value, dict):
        return None
    fitting = [_names(model) for model in EVERYTHING if set(value) <= _names(model)]
    return set().union(*fitting) if fitting else set()


@pytest.mark.parametrize("page", [p for p in TOLD if _blocks(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_examples_in_pages_name_settings_that_there_are(page: Path) -> None:
    top = set().union(*(_names(model) for model in EVERYTHING))
    for block in _blocks(page):
        assert list(_strange(yaml.safe_load(block), top)) == [], block


def _texts() -> Iterator[tuple[str, str]]:
    """Pages, and what the code says in words."""
    for page in TOLD:
        yield page.name, page.read_text(encoding="utf-8")
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield path.name, node.value


#: Endings that make a file of it, and rooms of the code that are named like settings.
_NO_SETTINGS = {"py", "md", "edi", "json", "xml", "yaml", "csv", "db"}
_ROOMS = {"ledger", "flows", "documents", "document", "alerts", "orchestration", "record"}


def test_settings_named_in_pages_and_messages_are_there() -> None:
    known = set().union(*(_names(model) for model in EVERYTHING))
    wrong: set[str] = set()
    for place, text in _texts():
        for dotted in set(re.findall(r"(?<![\w/.@-])([a-z_]+(?:\.[a-z_]+)+)(?![\w/(])", text)):
            first, *rest = dotted.split(".")
            if first not in known or rest[-1] in _NO_SETTINGS or _is_code(first, rest[0]):
                continue
            for above, name in zip([first, *rest], rest, strict=False):
                below = _below(above)
                if below is not None and name not in below:
                    wrong.add(f"{place}: {dotted}")
    assert wrong == set()


def _is_code(first: str, second: str) -> bool:
    return first in _ROOMS and second not in (_below(first) or set())
