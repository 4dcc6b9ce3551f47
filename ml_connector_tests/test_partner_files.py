"""One wrong partner file stops its own partner: whatever is wrong with it, the others are read and it stays known."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ml_connector.config.partner_files import LAYOUT_KEYS, PARTNER_KEYS, load_partners
from ml_connector.config.partners import Partner
from ml_connector.layouts.spec.loading import SHIPPED as LAYOUTS
from ml_connector.layouts.spec.model import LayoutFile
from ml_connector_tests.support.deployment import INTEGRATION, ROOT

SHIPPED = ROOT / "partners" / INTEGRATION

SHIPPED_LAYOUT = LAYOUTS / "truecommerce_810_csv.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped partner files."""
    for file in SHIPPED.glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_the_shipped_ones_are_right(folder: Path) -> None:
    found = load_partners(folder)
    assert set(found.partners) == {"acme", "brightline", "northwind"}
    assert found.problems == ()


def test_a_layout_beside_them_is_no_partner(folder: Path) -> None:
    """The pages tell to put it there: it neither stops anybody nor is anybody."""
    for text in (SHIPPED_LAYOUT.read_text(encoding="utf-8"), "name: mine\nextends: truecommerce_810_csv\n"):
        (folder / "mine.yaml").write_text(text, encoding="utf-8")
        found = load_partners(folder)
        assert (set(found.partners), found.problems) == ({"acme", "brightline", "northwind"}, ())
    (folder / "mine.yaml").write_text("name: mine\nextends: acme\nidentity: {qualifier: ZZ, id: MINE}\n")
    (problem,) = load_partners(folder).problems
    assert (problem.name, problem.identities) == ("mine", ("ZZ/MINE",)), "that is meant for a partner"


def test_what_tells_a_layout_is_said_by_layouts_alone() -> None:
    assert set(LayoutFile.model_fields) >= LAYOUT_KEYS
    assert not set(Partner.model_fields) & LAYOUT_KEYS
    assert set(Partner.model_fields) >= PARTNER_KEYS
    assert not set(LayoutFile.model_fields) & PARTNER_KEYS


def cut(path: Path) -> None:
    path.write_text("name: northwind\nchannels: [\n")


def huge(path: Path) -> None:
    with path.open("ab") as file:
        file.truncate(3_000_000_000)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "nobody.yaml.gone")


def without_rights(path: Path) -> None:
    path.chmod(0)
    if os.geteuid() == 0:
        pytest.skip("root reads everything")


def unset(path: Path) -> None:
    path.write_text(path.read_text().replace("name: northwind", "name: ${NOBODY_SET_THIS}"))


def merge_bomb(path: Path) -> None:
    """As aliases are counted where they are written out, so are merges, which the parser itself writes out."""
    lines = ["a0: &a0 {k: v, l: w}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    path.write_text("\n".join(lines))


def many_merges(path: Path) -> None:
    values = ", ".join(f"k{n}: 1" for n in range(30_000))
    path.write_text(f"a: &a {{{values}}}\nb: {{<<: [{', '.join(['*a'] * 100_000)}]}}\n")


def a_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def with_value(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(f"{path.read_text()}\nother: {text}\n")


TROUBLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (cut, "is not YAML"),
    "utf-16": (lambda path: path.write_bytes(path.read_text().encode("utf-16")), "not UTF-8"),
    "binary": (lambda path: path.write_bytes(bytes(range(256)) * 50), "not UTF-8"),
    "empty": (lambda path: path.write_bytes(b""), "holds no settings"),
    "a list": (lambda path: path.write_text("- 1\n"), "holds no settings"),
    "a bomb": (lambda path: path.write_text("a: &a [x,x]\nb: &b [*a,*a]\nc: *b\n" + "[" * 2000), "not YAML|deeper"),
    "huge": (huge, "larger than"),
    "a bomb of merges": (merge_bomb, "merges that hold more"),
    "many merges": (many_merges, "merges that hold more"),
    "a truth that is none": (with_value("!!bool maybe"), "not YAML"),
    "a number that is none": (with_value("!!int ''"), "not YAML"),
    "a moment that is none": (with_value("!!timestamp soon"), "not YAML"),
    "a NUL": (with_value('"a\\0b"'), "character that is none"),
    "half of a pair": (with_value('"\\ud83d"'), "invalid Unicode character"),
    "a key with a NUL": (lambda path: path.write_text('"a\\0b": 1\n'), "character that is none"),
    "a loop": (a_loop, "cannot be read"),
    "a folder": (a_folder, "is not a file"),
    "a pipe": (a_pipe, "is not a file"),
    "a dangling link": (dangling, "cannot be read"),
    "without rights": (without_rights, "cannot be read"),
    "a variable that is not set": (unset, "NOBODY_SET_THIS"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_file_that_cannot_be_read_stops_its_partner_alone(folder: Path, name: str) -> None:
    change, words = TROUBLES[name]
    change(folder / "northwind.yaml")
    found = load_partners(folder)
    assert set(found.partners) == {"acme", "brightline"}
    (problem,) = found.problems
    assert problem.name == "northwind", "by the name of its file"
    assert re.search(words, problem.message)
    assert str(folder / "northwind.yaml") in problem.message
    assert problem.remedy
    assert "\n" not in problem.line


def test_a_file_whose_name_is_no_text_is_told(folder: Path) -> None:
    path = folder / os.fsdecode(b"\xff.yaml")
    path.write_text("name: [")
    (problem,) = load_partners(folder).problems
    assert "\\udcff.yaml" in problem.line.encode().decode(), "as a database takes it"
    assert str(problem.file).encode()


def test_what_of_a_wrong_file_can_be_read_is_known(folder: Path) -> None:
    path = folder / "northwind.yaml"
    raw = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**raw, "syntax": "very strict", "passwrd": "x"}))
    right = load_partners(SHIPPED).partners["northwind"]
    (problem,) = load_partners(folder).problems
    assert (problem.name, problem.vendor) == ("northwind", right.vendor)
    assert right.identity.key in problem.identities
    assert problem.folders == right.channels.receive
    assert "(and 1 more)" in problem.line


def test_of_two_that_cannot_be_told_apart_none_goes_on(folder: Path) -> None:
    """A copy of a file that somebody forgot to change may stand before or behind the right one: nobody can tell."""
    (folder / "a_copy.yaml").write_bytes((folder / "northwind.yaml").read_bytes())
    found = load_partners(folder)
    assert set(found.partners) == {"acme", "brightline"}
    assert [problem.file.name for problem in found.problems] == ["a_copy.yaml", "northwind.yaml"]
    assert "is also that of northwind.yaml" in found.problems[0].message
    assert "is also that of a_copy.yaml" in found.problems[1].message


def test_a_folder_shared_by_two_partners_is_a_setting_of_the_connection(folder: Path) -> None:
    for name in ("northwind", "acme"):
        path = folder / f"{name}.yaml"
        raw = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump({**raw, "channels": {"receive": ["/ALL/inbox"], "send": "/ALL/outbox"}}))
    refused = load_partners(folder)
    assert set(refused.partners) == {"brightline"}
    assert all("shares_folders: true" in problem.remedy for problem in refused.problems)
    assert set(load_partners(folder, shared_folders=True).partners) == {"acme", "brightline", "northwind"}


@pytest.mark.parametrize("what", ["missing", "a file"])
def test_a_folder_that_is_not_there_stops_its_partners(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "partners"
    if what == "a file":
        folder.write_text("x")
    found = load_partners(folder)
    assert found.partners == {}
    (problem,) = found.problems
    assert (problem.name, problem.file) == ("", folder)
