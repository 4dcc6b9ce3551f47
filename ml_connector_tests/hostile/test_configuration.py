"""Whatever stands in a configuration file: an error that names the file, the key and the mend, in no time, and never
a secret that somebody wrote in the wrong place.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.config.loading import load_deployment
from ml_connector.errors import ConfigError
from ml_connector_tests.hostile.leaks import told
from ml_connector_tests.support.deployment import write_config, write_partners

SECRET = "hunter2-the-secret-itself"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a good deployment."""
    write_config(tmp_path, {"exact": "http://127.0.0.1:1", "cleo": "http://127.0.0.1:2"}, {})
    write_partners(tmp_path, {})
    load_deployment(tmp_path / "connections.yaml")
    return tmp_path


def bomb(levels: int) -> str:
    """Aliases that mean nine to the power of `levels` values."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join([*lines, f"connections: *a{levels - 1}"])


TEXTS: dict[str, tuple[str | bytes, str]] = {
    "alias bomb": (bomb(30), "more than 100000 values"),
    "alias to itself": ("a: &a\n  b: *a\nconnections: *a\n", "aliases that lead back"),
    "list in itself": ("connections: &x [*x]\n", "aliases that lead back"),
    "deep lists": ("a: " + "[" * 3000 + "]" * 3000, "nested deeper"),
    "deep maps": ("{a: " * 3000 + "1" + "}" * 3000, "nested deeper|not YAML"),
    "tabs": ("connections:\n\texact_nl: 1\n", "line 2, column 1 is not YAML"),
    "code": ("connections: !!python/object/apply:os.system ['touch owned']\n", "line 1.*is not YAML"),
    "two documents": ("connections: {}\n---\nintegrations: {}\n", "line 2.*another document"),
    "a key twice": ("connections: {}\nconnections: {}\n", "line 2.*stands twice"),
    "a secret on a broken line": (f"connections:\n  password: {SECRET}: x: y\n", "line 2.*is not YAML"),
    "a secret in a broken tag": (f"connections: !{SECRET} x\n", "line 1.*is not YAML"),
    "a NUL": (b"connections: \x00\n", "not YAML"),
    "utf-16": ("connections: {}".encode("utf-16"), "is not UTF-8 text"),
    "binary": (bytes(range(256)) * 100, "not UTF-8"),
    "html": ("<html><body>Sign in</body></html>", "holds no settings"),
    "empty": ("", "holds no settings"),
    "a list": ("- 1\n- 2\n", "holds no settings"),
    "a number of 6,000 digits": ("home: " + "9" * 6000, "cannot be read"),
    "a date that is none": ("home: 2026-99-99 99:99:99\n", "connections: is missing|cannot be read"),
    "lists as keys": ("? [1, 2]\n: 3\n", "not YAML"),
    "two megabytes": ("#" * 2_000_000, "larger than 1000000 bytes"),
    "10,000 unknown keys": ("\n".join(f"k{i}: {SECRET}" for i in range(10_000)), "and 9951 more"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_that_is_no_configuration_is_refused(home: Path, name: str) -> None:
    text, words = TEXTS[name]
    path = home / "connections.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    _refused(path, path, words)
    assert not (home / "owned").exists()


def _refused(load: Path, names: Path, words: str) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        load_deployment(load)
    error = refused.value
    assert re.search(words, error.message, re.DOTALL), error.message
    assert str(names) in error.message, "it names the file"
    assert error.remedy
    assert len(str(error)) < 30_000
    assert SECRET not in told(error)
    return error


def nested(path: str, value: Any) -> dict[str, Any]:
    """{"a": {"b": value}} for "a.b"."""
    for part in reversed(path.split(".")):
        value = {part: value}
    result: dict[str, Any] = value
    return result


EXACT, CLEO, PAIR = "connections.exact_nl", "connections.cleo_prod", "integrations.exact_cleo"

#: id -> where, what stands there, words of the message
SETTINGS: dict[str, tuple[str, Any, str]] = {
    "client secret in clear": (f"{EXACT}.client_secret", SECRET, "client_secret: is a reference, never the secret"),
    "password in clear": (f"{CLEO}.password", SECRET, "password: is a reference, never the secret"),
    "secret under its own key": (f"{CLEO}.password", {"value": SECRET}, "password.value: is not a setting"),
    "secret under a misspelt key": (f"{CLEO}.passwrd", SECRET, "passwrd: is not a setting"),
    "secret as a list": (f"{CLEO}.password", [SECRET], "password: is a reference"),
    "secret in two places": (f"{CLEO}.password", {"env": "A", "store": "b"}, "exactly one of env, file, store"),
    "secret in an address": (f"{EXACT}.base_url", f"https://user:{SECRET}@exact.example/", "base_url: .*no password"),
    "secret in a query": (f"{EXACT}.base_url", f"https://exact.example/?key={SECRET}@", "base_url: .*no query"),
    "secret in the ledger's address": ("ledger.url", f"postgresql://u:{SECRET}@db/x", "ledger.url: is a reference"),
    "secret in an alert": ("alerts.urls", [f"mailto://u:{SECRET}@mail"], "alerts.urls.0: is a reference"),
    "secret in a chat's address": ("alerts.urls", [f"slack://{SECRET}/B/C"], "alerts.urls.0: is a reference"),
    "secret in a query of the ledger's": ("ledger.url", f"postgresql:///x?password={SECRET}", "url: is a reference"),
    "address of a file": (f"{EXACT}.base_url", "file:///etc/passwd", "base_url: URL scheme"),
    "address of a script": (f"{EXACT}.base_url", "javascript:alert(1)", "base_url: URL scheme|base_url: Input"),
    "address with a line break": (f"{EXACT}.base_url", "http://a\r\nHost: evil", "base_url: "),
    "redirect without a scheme": (
        f"{EXACT}.redirect_uri",
        "connector.example.com/cb",
        "redirect_uri: is not a web addr",
    ),
    "redirect to a script": (f"{EXACT}.redirect_uri", "javascript:alert(1)", "redirect_uri: is not a web address"),
    "public address that is none": ("webhooks.public_url", "https://[::1", "public_url: is not a web address"),
    "notices without end": ("webhooks.max_body_bytes", 10**9, "max_body_bytes: .*65536"),
    "no address": (f"{EXACT}.base_url", None, "base_url: Input should be a valid string"),
    "a connection is a number": (EXACT, 7, "exact_nl: Input should be"),
    "a connection is a list": (EXACT, [], "exact_nl: Input should be"),
    "an unknown system": (f"{EXACT}.system", "sap", r"exact_nl.system: must be one of .*'cleo'.*\(found 'sap'\)"),
    "text without quotes": (
        f"{PAIR}.flows.invoices_in.journal",
        60,
        r"journal: is text: write it in quotes, as it is in full \(found 60\)",
    ),
    "division is a word": (f"{EXACT}.division", "all", "division: .*integer"),
    "division below nothing": (f"{EXACT}.division", -1, "division: .*greater than 0"),
    "refresh every 8 minutes": (f"{EXACT}.refresh_age_seconds", 480, "refresh_age_seconds: .*570"),
    "time zone of another planet": (f"{EXACT}.time_zone", "Mars/Phobos", "time_zone: is not a time zone"),
    "time zone is a path": (f"{EXACT}.time_zone", "../../etc/passwd", "time_zone: is not a time zone"),
    "timeout without end": (f"{EXACT}.timeout_seconds", float("inf"), "timeout_seconds: .*finite"),
    "timeout is not a number": (f"{EXACT}.timeout_seconds", float("nan"), "timeout_seconds: .*finite"),
    "waiting for ever": (f"{CLEO}.stable_seconds", float("inf"), "stable_seconds: .*finite"),
    "a million threads": (f"{CLEO}.concurrency", 10**6, "concurrency: .*less than"),
    "path to elsewhere": (f"{CLEO}.paths.files", "http://evil.example/{folder}", "files must begin with /"),
    "path to another host": (f"{CLEO}.paths.files", "//evil.example/{folder}", "files must begin with /"),
    "path without its part": (f"{CLEO}.paths.content", "/api/files", "content must .*hold {file}"),
    "policy unheard of": (f"{CLEO}.after_read", "shred", "after_read: "),
    "an ERP that is not there": (f"{PAIR}.erp", "nobody", "there is no connection 'nobody'"),
    "an ERP that is a network": (f"{PAIR}.erp", "cleo_prod", "which is not an ERP"),
    "a rate with its sign": (
        f"{PAIR}.flows.invoices_in.coding.vat",
        [{"percent": "21%", "code": "2"}],
        "vat.0.percent: is not a percentage",
    ),
    "a rate without end": (
        f"{PAIR}.flows.invoices_in.coding.vat",
        [{"percent": "Infinity", "code": "2"}],
        "vat.0.percent: is not a percentage",
    ),
    "a day in words": (f"{PAIR}.flows.orders_out.start_date", "1 May", "start_date: is not a day"),
    "a first day that is none": ("orchestration.start_date", "2026-02-30", "start_date: is not a day"),
    "a time in words": ("orchestration.reference_cron", "every half hour", "reference_cron: is not a cron line"),
    "a cron of six fields": ("orchestration.prune_cron", "0 30 3 * * *", "prune_cron: is not a cron line"),
    "no first day": ("orchestration.start_date", "", "start_date: .*at least 1 character"),
    "variable not set": ("home", "${NO_SUCH_VARIABLE_HERE}", "NO_SUCH_VARIABLE_HERE is not set"),
    "a key unheard of": ("conections", {}, "conections: is not a setting"),
    "constructor": ("constructor", {"prototype": 1}, "constructor: is not a setting"),
    "a name with a path": ("connections.../x", None, "connections: '../x' is not a name|Input should be"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_setting_is_named_with_its_mend(home: Path, name: str) -> None:
    where, value, words = SETTINGS[name]
    path = home / "connections.yaml"
    good = yaml.safe_load(path.read_text())
    _put(good, where.replace("connections.../x", "connections.\0"), value)
    if "\0" in good["connections"]:
        good["connections"]["../x"] = good["connections"]["cleo_prod"]
        del good["connections"]["\0"]
    path.write_text(yaml.safe_dump(good))
    _refused(path, path, words)


def _put(into: dict[str, Any], where: str, value: Any) -> None:
    *parents, last = where.split(".")
    for part in parents:
        into = into.setdefault(part, {})
    into[last] = value


def _same(field: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Northwind's file with something of Acme's."""
    return lambda acme: {field: acme[field]}


PARTNERS: dict[str, tuple[Any, str]] = {
    "another's identity": (_same("identity"), "identity 01/004321519 is also that of acme.yaml"),
    "another's name": (_same("name"), "name acme is also that of acme.yaml"),
    "another's folder": (lambda acme: {"channels": acme["channels"]}, "/ACME/inbox is also that of acme.yaml"),
    "another's identity for tests": (
        lambda acme: {"test_identity": acme["identity"]},
        "identity 01/004321519 is also that of acme.yaml",
    ),
    "name is a path": ({"name": "../../x"}, "name: .*pattern"),
    "identity too long": ({"identity": {"qualifier": "ZZ", "id": "N" * 200}}, "identity.id: .*15"),
    "qualifier of three letters": ({"identity": {"qualifier": "ZZZ", "id": "N"}}, "identity.qualifier: .*2"),
    "file name of unknown parts": ({"orders": {"file_name": "{nobody}{control}"}}, "file_name: placeholders are"),
    "file name that looks inside": (
        {"orders": {"file_name": "{partner.__class__}{control}"}},
        "file_name: placeholders are",
    ),
    "file name by position": ({"orders": {"file_name": "{0}{control}"}}, "file_name: placeholders are"),
    "file name without end": ({"orders": {"file_name": "{control:>9999999999}{control}"}}, "placeholders are"),
    "file name that climbs": ({"orders": {"file_name": "../../{control}.edi"}}, "file_name: is the name of a file"),
    "file name always the same": ({"orders": {"file_name": "order.edi"}}, "must hold {control}"),
    "file name unbalanced": ({"orders": {"file_name": "{control}{"}}, "file_name: "),
    "encoding unheard of": ({"x12": {"encoding": "klingon"}}, "encoding: is not an encoding"),
    "encoding of no text": ({"x12": {"encoding": "rot13"}}, "encoding: is not an encoding"),
    "encoding in two bytes": ({"x12": {"encoding": "utf-16"}}, "encoding: does not write ASCII"),
    "separators alike": ({"x12": {"element_separator": "~"}}, "x12: .*four different"),
    "separator is a letter": ({"x12": {"component_separator": "A"}}, "x12: .*cannot be a letter"),
    "tolerance is not a number": ({"tolerances": {"price": {"percent": "NaN"}}}, "percent: .*finite"),
    "tolerance without end": ({"tolerances": {"price": {"absolute": "Infinity"}}}, "absolute: .*finite"),
    "tolerance of 1,000 percent": ({"tolerances": {"price": {"percent": 1000}}}, "percent: .*100"),
    "codes of an element by its place": ({"guide": {"codes": {"PO103": ["CS"]}}}, "codes: .*not an element number"),
    "a secret in a comment field": ({"password": SECRET}, "password: is not a setting"),
}


@pytest.mark.parametrize("name", PARTNERS)
def test_a_wrong_partner_file_is_named_with_its_mend(home: Path, name: str) -> None:
    changes, words = PARTNERS[name]
    folder = home / "partners"
    file = folder / "northwind.yaml"
    acme = yaml.safe_load((folder / "acme.yaml").read_text())
    good = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**good, **(changes(acme) if callable(changes) else changes)}))
    loaded = load_deployment(home / "connections.yaml")
    (problem,) = [one for one in loaded.problems["exact_cleo"] if one.file == file]
    assert re.search(words, problem.message, re.DOTALL), problem.message
    assert str(file) in problem.message
    assert problem.remedy
    assert SECRET not in problem.message + problem.remedy
    assert "northwind" not in loaded.partners["exact_cleo"]
    assert "brightline" in loaded.partners["exact_cleo"], "the others are as good as before"
