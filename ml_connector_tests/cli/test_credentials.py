"""`credentials`: secrets in and never out, keys that rotate, authorizations finished by what a person pastes."""

import os
import re
import stat
from pathlib import Path

import httpx
import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector.credentials.tokens import TokenStore
from ml_connector.sandbox.cleo.accounts import totp
from ml_connector.sandbox.cleo.state import TOTP_PASSWORD, TOTP_SECRET, TOTP_USER
from ml_connector_tests.cli.terminal import Said, say
from ml_connector_tests.cli.test_check import changed
from ml_connector_tests.support.deployment import Bench

SECRET = "correct-horse-battery-staple"


@pytest.fixture
def home(alone: None, tmp_path: Path) -> Path:
    """A deployment as `init` writes it, with a key."""
    say("init")
    assert say("credentials", "generate-key").code == 0
    return tmp_path


def test_a_key_file_is_for_its_owner_only_and_never_overwritten(home: Path) -> None:
    key = home / "var" / "key"
    before = key.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert say("credentials", "generate-key").code == 2
    assert key.read_bytes() == before


def test_a_secret_goes_in_by_standard_input_and_is_never_shown(home: Path) -> None:
    said = say("credentials", "set", "cleo_prod_password", given=SECRET + "\n")
    assert said.code == 0
    listed = say("credentials", "list")
    assert "cleo_prod_password" in listed.out
    for one in (said, listed, say("credentials", "list", "--json"), say("check", "--offline", "--debug")):
        assert SECRET not in one.out + one.err
    with Deployment.open(home / "connections.yaml") as deployment:
        kept = deployment.vault.get("cleo_prod_password")
        assert kept is not None
        assert kept.reveal() == SECRET
    assert SECRET.encode() not in (home / "var" / "ledger.db").read_bytes()


def test_a_secret_goes_in_by_file(home: Path) -> None:
    (home / "secret").write_text(SECRET + "\n", encoding="ascii")
    assert say("credentials", "set", "cleo_prod_password", "--from-file", home / "secret").code == 0
    with Deployment.open(home / "connections.yaml") as deployment:
        kept = deployment.vault.get("cleo_prod_password")
        assert kept is not None
        assert kept.reveal() == SECRET


@pytest.mark.parametrize("given", [b"", b"\n", b"\xff\xfe", b"x" * 100_000])
def test_what_is_no_secret_is_refused(home: Path, given: bytes) -> None:
    said = say("credentials", "set", "cleo_prod_password", given=given)
    assert said.code == 2
    assert "cleo_prod_password" in said.err


def test_list_tells_what_the_configuration_still_needs(home: Path) -> None:
    said = say("credentials", "list", "--json")
    assert said.code == 1
    assert {row["name"]: row["stored"] for row in said.json} == {
        "cleo_prod_password": False,
        "exact_nl_client_secret": False,
    }
    for name in ("cleo_prod_password", "exact_nl_client_secret"):
        say("credentials", "set", name, given=SECRET)
    assert say("credentials", "list").code == 0


def test_setting_what_nothing_refers_to_is_said(home: Path) -> None:
    assert "{store: typo}" in say("credentials", "set", "typo", given=SECRET).err


def test_delete(home: Path) -> None:
    say("credentials", "set", "old", given=SECRET)
    assert say("credentials", "delete", "old").code == 0
    assert say("credentials", "delete", "old").code == 1


def test_rotate_puts_everything_under_a_new_key_and_drops_the_old(home: Path) -> None:
    say("credentials", "set", "cleo_prod_password", given=SECRET)
    key = home / "var" / "key"
    before = key.read_text(encoding="ascii").split()[-1]
    said = say("credentials", "rotate", "--json")
    assert said.code == 0
    assert said.json == {"credentials": 1, "tokens": 0, "under_old_keys": 0}
    assert before not in key.read_text(encoding="ascii")
    with Deployment.open(home / "connections.yaml") as deployment:
        kept = deployment.vault.get("cleo_prod_password")
        assert kept is not None
        assert kept.reveal() == SECRET


def test_a_key_file_that_others_can_read_is_refused_with_the_mend(home: Path) -> None:
    (home / "var" / "key").chmod(0o644)
    said = say("credentials", "set", "x", given=SECRET)
    assert said.code == 2
    assert "chmod 600" in said.err


def test_status_of_what_was_never_authorized(home: Path) -> None:
    said = say("credentials", "status", "--json")
    assert said.code == 3
    assert {row["connection"] for row in said.json} == {"exact_nl", "cleo_prod"}
    assert all("credentials set" in row["mend"] for row in said.json), "authorizing would only refuse"
    for name in ("cleo_prod_password", "exact_nl_client_secret"):
        say("credentials", "set", name, given=SECRET)
    assert all("credentials authorize" in row["mend"] for row in say("credentials", "status", "--json").json)


def named(said: Said) -> list[list[str]]:
    """The commands that an output tells a person to run."""
    return [text.split()[1:] for text in re.findall(r"`(ml-connector [^`]+)`", said.out)]


def test_every_command_that_status_names_works_in_a_fresh_deployment(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key, secrets, authorizations: what is named first is what can be done first, until nothing is left."""
    with bench.open() as deployment:
        values = {name: kept.reveal() for name in deployment.vault.names() if (kept := deployment.vault.get(name))}
    raw = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    raw["home"] = str(tmp_path / "var")
    for integration in raw["integrations"].values():
        integration["partners"] = str(bench.home / "partners")
    config = tmp_path / "connections.yaml"
    config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    monkeypatch.setenv("ML_CONNECTOR_CONFIG", str(config))
    monkeypatch.setenv("ML_CONNECTOR_HOME", str(tmp_path / "var"))
    ran: list[str] = []
    for _ in range(6):
        commands = named(said := say("credentials", "status"))
        if not commands:
            break
        assert said.code == 3
        for command in dict.fromkeys(map(tuple, commands)):
            given = values.get(command[-1], "")
            more: list[str] = []
            if command[:2] == ("credentials", "authorize") and command[-1].startswith("exact"):
                link = say(*command, "--link-only").out.strip()
                more = ["--code", consent(link)]
            done = say(*command, *more, given=given)
            assert done.code == 0, (command, done.err)
            ran.append(command[1])
    assert say("credentials", "status").code == 0
    assert set(ran) == {"generate-key", "set", "authorize"}


def test_every_command_that_status_names_works_in_an_authorized_deployment(bench: Bench) -> None:
    say("credentials", "authorize", "cleo_prod")
    assert named(say("credentials", "status")) == []
    with bench.open() as deployment:
        for connection in ("exact_nl", "cleo_prod"):
            store = TokenStore(deployment.ledger, deployment.vault, connection)
            row = store.read()
            assert row is not None
            store.authorize_again(row.generation, "a test")
    commands = named(say("credentials", "status"))
    assert sorted(command[-1] for command in commands) == ["cleo_prod", "exact_nl"]
    for command in commands:
        more = ["--code", consent(say(*command, "--link-only").out.strip())] if command[-1] == "exact_nl" else []
        assert say(*command, *more).code == 0
    assert say("credentials", "status").code == 0


def consent(link: str) -> str:
    """Where the browser ends up after consent."""
    return httpx.get(link, follow_redirects=False, timeout=10).headers["location"]


def test_authorize_takes_the_whole_address(bench: Bench) -> None:
    link = say("credentials", "authorize", "exact_nl", "--link-only").out.strip()
    assert say("credentials", "authorize", "exact_nl", "--code", consent(link)).code == 0


def test_authorize_takes_a_bare_code_from_standard_input(bench: Bench) -> None:
    link = say("credentials", "authorize", "exact_nl", "--link-only", "--json").json["link"]
    code = consent(link).split("code=")[1].split("&")[0]
    said = say("credentials", "authorize", "exact_nl", given=code + "\n")
    assert said.code == 0
    assert "/api/oauth2/auth" in said.err
    assert code not in said.out


def test_a_code_works_once(bench: Bench) -> None:
    link = say("credentials", "authorize", "exact_nl", "--link-only").out.strip()
    address = consent(link)
    assert say("credentials", "authorize", "exact_nl", "--code", address).code == 0
    again = say("credentials", "authorize", "exact_nl", "--code", address)
    assert again.code == 3
    assert "ml-connector credentials authorize exact_nl" in again.err


def test_nothing_pasted_tells_whether_the_callback_page_finished_it(bench: Bench) -> None:
    assert say("credentials", "authorize", "exact_nl", given="\n").code == 0


def test_without_a_terminal_authorize_waits_for_the_receiver_and_says_when_nobody_came(bench: Bench) -> None:
    with bench.open() as deployment:
        store = TokenStore(deployment.ledger, deployment.vault, "exact_nl")
        stored = store.read()
        assert stored is not None
        store.authorize_again(stored.generation, "a test says so")
    said = say("credentials", "authorize", "exact_nl", "--wait", "0.2", "--json")
    assert said.code == 3
    assert said.json == {"connection": "exact_nl", "authorized": False}
    assert "/api/oauth2/auth" in said.err
    assert "ml-connector credentials authorize exact_nl" in said.err
    # The other tests of this file have the same deployment.
    link = say("credentials", "authorize", "exact_nl", "--link-only").out.strip()
    assert say("credentials", "authorize", "exact_nl", "--code", consent(link)).code == 0


def test_authorize_logs_in_where_there_is_a_password(bench: Bench) -> None:
    said = say("credentials", "authorize", "cleo_prod", "--json")
    assert said.code == 0
    assert said.json["authorized"] is True


def test_a_one_time_code_logs_in_where_one_is_asked_for(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD_WITH_CODE", TOTP_PASSWORD)
    config = changed(bench, tmp_path, "cleo_prod", username=TOTP_USER, password={"env": "PASSWORD_WITH_CODE"})
    code = totp(TOTP_SECRET, bench.sandbox.clock.now())
    wrong = "".join(str((int(digit) + 1) % 10) for digit in code)
    refused = say("credentials", "authorize", "cleo_prod", "--code", wrong, "--config", config)
    assert refused.code == 3
    assert "service account" in refused.err
    assert say("credentials", "authorize", "cleo_prod", "--code", code, "--config", config).code == 0


def test_status_of_a_good_authorization(bench: Bench) -> None:
    say("credentials", "authorize", "cleo_prod")
    said = say("credentials", "status", "--json")
    assert said.code == 0
    assert {row["health"] for row in said.json} == {"good"}


def test_no_token_is_ever_printed(bench: Bench) -> None:
    with bench.open() as deployment:
        tokens = deployment.authorization("exact_nl")
        assert tokens is not None
        access = tokens.token()
    for args in (["credentials", "status"], ["check", "exact_nl"], ["credentials", "list"]):
        said = say(*args, "--json", "--debug")
        assert access not in said.out + said.err


def test_an_unknown_connection_is_named(bench: Bench) -> None:
    said = say("credentials", "authorize", "nowhere")
    assert said.code == 2
    assert "exact_nl" in said.err


def test_the_environments_key_goes_before_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.fernet import Fernet

    monkeypatch.setitem(os.environ, "ML_CONNECTOR_KEY", Fernet.generate_key().decode())
    before = (home / "var" / "key").read_bytes()
    said = say("credentials", "rotate")
    assert said.code == 0
    assert "ML_CONNECTOR_KEY" in said.out
    assert (home / "var" / "key").read_bytes() == before
