"""A system is one object in its package: two that nobody here has heard of are loaded, checked and shown by name."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ml_connector.config.loading import deployment_model, load_deployment
from ml_connector.errors import ConfigError
from ml_connector.orchestration.build import build_defs
from ml_connector.systems import registry
from ml_connector_tests.cli.terminal import say

TOYS = """
from typing import Literal

from ml_connector.config.connections import ErpSettings, MailboxSettings
from ml_connector.config.secrets import SecretRef
from ml_connector.systems.results import CheckLevel, CheckResult
from ml_connector.systems.system import Login, Role, System


class BooksSettings(ErpSettings):
    system: Literal["toy_books"]
    shelf: str
    key: SecretRef | None = None


class PostSettings(MailboxSettings):
    system: Literal["toy_post"]
    street: str


class Toy:
    def __init__(self, name, settings):
        self.connection, self.settings = name, settings
        self.system, self.company, self.company_name = "toy_books", "shelf-7", "Toys"


class ToySystem(System):
    def connect(self, name, settings, parts, use):
        return Toy(name, settings)

    def check(self, name, settings, connected, parts, use):
        where = getattr(connected().settings, "shelf", None) or settings.street
        told = f"{where} for {', '.join(use.integrations)}; reads {', '.join(use.receive) or 'nothing'}"
        yield CheckResult(name, "usable", CheckLevel.GOOD, told)


class Books(ToySystem):
    name, roles, kind, settings = "toy_books", frozenset({Role.ERP}), "toy", BooksSettings
    tables = frozenset({"vendors", "toy_shelves"})

    def known_company(self, name, settings, parts):
        return "shelf-7"


class Post(ToySystem):
    name, roles, kind, settings = "toy_post", frozenset({Role.NETWORK}), "letters", PostSettings

    def login(self, name, settings, connected, parts):
        return Login(log_in=lambda code: None, keeps_token=False)


BOOKS, POST = Books(), Post()
"""

CONFIG = {
    "systems": {"toy_books": "toy_house:BOOKS", "toy_post": "toy_house:POST"},
    "connections": {
        "shelf": {"system": "toy_books", "shelf": "seven"},
        "post": {"system": "toy_post", "street": "Long Lane"},
    },
    "integrations": {
        "toys": {
            "erp": "shelf",
            "network": "post",
            "partners": "partners",
            "company_name": "Toys",
            "environment": "test",
            "identity": {"qualifier": "ZZ", "id": "TOYS"},
        }
    },
}
PARTNER = {
    "name": "northwind",
    "vendor": "V1",
    "identity": {"qualifier": "ZZ", "id": "NORTHWIND"},
    "channels": {"receive": ["/in"], "send": "/out"},
}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a deployment of toys, on the path with the package that they stand in."""
    (tmp_path / "toy_house.py").write_text(TOYS, encoding="utf-8")
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "northwind.yaml").write_text(yaml.safe_dump(PARTNER), encoding="utf-8")
    write(tmp_path, CONFIG)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ML_CONNECTOR_CONFIG", str(tmp_path / "connections.yaml"))
    monkeypatch.delenv("ML_CONNECTOR_HOME", raising=False)
    yield tmp_path
    registry.forget_added()
    deployment_model.cache_clear()
    sys.modules.pop("toy_house", None)


def write(house: Path, config: object) -> None:
    (house / "connections.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def test_check_asks_each_system_about_its_own(house: Path) -> None:
    assert say("credentials", "generate-key").code == 0
    done = say("check", "--json")
    findings = done.json["findings"]
    told = {one["about"]: one["message"] for one in findings if one["aspect"] == "usable"}
    assert told == {"shelf": "seven for toys; reads nothing", "post": "Long Lane for toys; reads /in"}
    assert done.code == 0, done.out


def test_commands_that_a_system_has_nothing_for_say_so(house: Path) -> None:
    for arguments, words in (
        (("webhooks", "list", "shelf"), "shelf sends no webhooks"),
        (("credentials", "authorize", "shelf"), "shelf needs no authorization"),
        (("credentials", "accept-host-key", "post"), "post has no host key"),
    ):
        done = say(*arguments)
        assert done.code == 2
        assert words in done.err
    assert say("credentials", "authorize", "post").code == 0


def test_what_status_asks_for_is_what_authorize_does(house: Path) -> None:
    """No connection here keeps a token, so nobody is asked to authorize one."""
    done = say("credentials", "status", "--json")
    assert (done.code, done.json) == (0, [])


def test_the_code_location_loads_and_shows_their_kinds(house: Path) -> None:
    specs = build_defs(house / "connections.yaml").resolve_all_asset_specs()
    kinds = {"/".join(spec.key.path): spec.kinds for spec in specs}
    assert "toy" in kinds["shelf/vendors"]
    assert {name for name in kinds if name.startswith("shelf/")} == {"shelf/vendors", "shelf/toy_shelves"}
    assert "letters" in kinds["outside/post/files_from_partners"]


def test_settings_are_those_of_the_system(house: Path) -> None:
    loaded = load_deployment(house / "connections.yaml")
    assert loaded.erp("shelf").model_dump()["shelf"] == "seven"
    shelf = {"system": "toy_books", "shelve": "7"}
    write(house, {**CONFIG, "connections": {**CONFIG["connections"], "shelf": shelf}})  # type: ignore[dict-item]
    with pytest.raises(ConfigError) as caught:
        load_deployment(house / "connections.yaml")
    assert "connections.shelf.shelf: is missing" in caught.value.message
    assert "connections.shelf.shelve: is not a setting here" in caught.value.message


def test_a_system_that_nobody_knows_is_named_with_those_that_are(house: Path) -> None:
    write(house, {**CONFIG, "systems": {}, "connections": {"shelf": {"system": "toy_nobody"}}})
    done = say("check")
    assert done.code == 2
    assert "toy_nobody" in done.err
    assert "exact_online" in done.err


@pytest.mark.parametrize(
    ("place", "words"),
    [("no_such_module:X", "cannot be loaded"), ("toy_house:NOTHING", "cannot be loaded"), ("toy_house:POST", "itself")],
)
def test_a_system_that_cannot_be_loaded_is_told(house: Path, place: str, words: str) -> None:
    write(house, {**CONFIG, "systems": {"toy_books": place, "toy_post": "toy_house:POST"}})
    done = say("check")
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_system_whose_settings_do_not_fit_its_role_is_told(house: Path) -> None:
    toys = (house / "toy_house.py").read_text(encoding="utf-8")
    (house / "toy_house.py").write_text(toys.replace("PostSettings(MailboxSettings)", "PostSettings(ErpSettings)"))
    done = say("check")
    assert done.code == 2
    assert "toy_post is used as what its settings are not: a MailboxSettings" in done.err


def test_a_shipped_name_cannot_be_taken() -> None:
    with pytest.raises(ConfigError, match="already"):
        registry.add("cleo", "toy_house:POST")


@pytest.mark.parametrize("name", sorted(registry.SHIPPED))
def test_every_shipped_system_is_whole(name: str) -> None:
    system = registry.find(name)
    assert system.name == name
    assert system.roles
    assert system.settings.model_fields["system"].annotation is not str
