"""The documentation keeps up: every reason explained, every command and link in it real."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

from ml_connector.cli.app import root
from ml_connector.errors import Reason
from ml_connector.ledger.tables.documents import metadata

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
names = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    broken = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert broken == []


def test_every_reason_has_its_section_and_no_other_has() -> None:
    text = (ROOT / "docs" / "held-documents.md").read_text(encoding="utf-8")
    headings = {name for line in re.findall(r"^### (.+)$", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)}
    others = {"overdue", "refused_by_partner", "order_refused", "order_changed", "order_held"}
    assert headings == {reason.value for reason in Reason} | others


def test_every_section_of_a_reason_says_what_to_do() -> None:
    text = (ROOT / "docs" / "held-documents.md").read_text(encoding="utf-8")
    sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert len(sections) >= len(Reason)
    for section in sections:
        assert "**Mend:**" in section, section.splitlines()[0]


def test_every_table_of_the_ledger_is_explained() -> None:
    text = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
    assert [name for name in metadata.tables if f"`{name}`" not in text] == []


def commands_in(page: Path) -> list[str]:
    """Command lines of ours in a page, in code blocks and in the text."""
    text = page.read_text(encoding="utf-8")
    found = [line.split("  #")[0] for line in re.findall(r"^\s*(?:\.venv/bin/)?(ml-connector .+)$", text, re.MULTILINE)]
    return [*found, *re.findall(r"`(?:\.venv/bin/)?(ml-connector [^`]+)`", text)]


SOURCES = [path for path in sorted((ROOT / "ml_connector").rglob("*.py")) if commands_in(path)]


@pytest.mark.parametrize("page", [*PAGES, *SOURCES], ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist_with_their_options(page: Path) -> None:
    """In pages, and in what messages and help texts tell people to run."""
    for line in commands_in(page):
        words = shlex.split(line.split("|")[0])[1:]
        command: click.Command = root
        context = click.Context(root)
        while words and isinstance(command, click.Group):
            found = command.get_command(context, words[0])
            assert found is not None, f"{line}: no command {words[0]}"
            command, words = found, words[1:]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        wrong = [word.split("=")[0] for word in words if word.startswith("--") and word.split("=")[0] not in known]
        assert wrong == [], f"{line}: {wrong}"


def test_decisions_are_told_apart_by_their_numbers() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(file.name[:4]) for file in files]
    assert numbers == list(range(1, len(files) + 1))
    for number, file in zip(numbers, files, strict=True):
        assert file.read_text(encoding="utf-8").startswith(f"# {number}. "), file.name


def test_functions_of_the_ledger_named_in_the_architecture_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(ledger\.[\w.]+)` \| (.+) \|$", text, re.MULTILINE)
    named = [(module, name) for module, told in rows for name in re.findall(r"`(\w+)", told)]
    assert len(named) > 30
    assert [
        (module, name) for module, name in named if not hasattr(import_module(f"ml_connector.{module}"), name)
    ] == []


def test_make_targets_named_in_pages_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"(?:^|`)make ([a-z][a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert target in known, f"{page.name}: make {target}"


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text(encoding="utf-8")
    for requirement in project["dependencies"]:
        name = re.split(r"[<>=\[ ]", requirement)[0]
        assert re.search(rf"\b{re.escape(name)}\b", text), name
