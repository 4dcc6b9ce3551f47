"""The documentation keeps up: every reason explained, every command and link in it real."""

import os
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
        while words and isinstance(command, click.Group) and not words[0].startswith("-"):
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


def test_pictures_are_small_and_each_is_shown() -> None:
    """They are made anew by `make screenshots`; a repository keeps every version of them."""
    shown = {name for page in PAGES for name in re.findall(r"pictures/(\w+\.png)\)", page.read_text(encoding="utf-8"))}
    files = {path.name: path.stat().st_size for path in (ROOT / "docs" / "pictures").iterdir()}
    assert set(files) == shown
    assert {name: size for name, size in files.items() if size > 200_000} == {}


def test_every_picture_says_what_it_shows() -> None:
    for page in PAGES:
        for words in re.findall(r"!\[([^\]]*)\]\(", page.read_text(encoding="utf-8")):
            assert len(words.split()) >= 4, (page.name, words)


#: How-tos, and the tests that follow them word by word.
FOLLOWED = {
    "../README.md": "cli/test_readme.py",
    "add-a-flow.md": "flows/test_registry.py",
    "add-a-partner.md": "cli/test_pages_followed.py",
    "add-a-system.md": "systems/test_add_a_system.py",
    "alerts.md": "cli/test_pages_of_settings.py",
    "backup.md": "support/backup_page.py",
    "coding.md": "cli/test_pages_of_settings.py",
    "connect-acumatica.md": "systems/acumatica/test_page_connect.py",
    "connect-avidxchange.md": "systems/avidxchange/test_pages.py",
    "connect-cleo.md": "systems/cleo/test_page_connect.py",
    "connect-exact.md": "systems/exact_online/test_page_connect.py",
    "connect-intacct.md": "systems/sage_intacct/test_page_connect.py",
    "connect-truecommerce.md": "systems/truecommerce/test_page_connect.py",
    "credentials.md": "cli/test_pages_followed.py",
    "deadlines.md": "cli/test_pages_of_settings.py",
    "for-clerks.md": "web/pages/test_page_for_clerks.py",
    "held-documents.md": "cli/test_pages_followed.py",
    "integrations/acumatica-cleo.md": "systems/acumatica/test_page_with_cleo.py",
    "integrations/exact-avidxchange.md": "systems/avidxchange/test_pages.py",
    "integrations/exact-truecommerce.md": "cli/test_pages_of_settings.py",
    "integrations/intacct-cleo.md": "systems/sage_intacct/test_page_with_cleo.py",
    "layouts.md": "cli/test_pages_followed.py",
    "ledger.md": "cli/test_pages_followed.py",
    "payments.md": "cli/test_pages_of_settings.py",
    "postgresql.md": "cli/test_page_postgresql.py",
    "proxy.md": "web/test_proxy_page.py",
    "purchase-orders-in.md": "cli/test_pages_of_settings.py",
    "reference-data.md": "systems/sage_intacct/test_pages_followed.py",
    "remittances.md": "cli/test_pages_of_settings.py",
    "rename-or-move.md": "cli/test_page_of_names.py",
    "replay-a-day.md": "cli/test_pages_followed.py",
    "sales-invoices.md": "cli/test_pages_of_settings.py",
    "sales-orders.md": "systems/acumatica/test_pages_followed.py",
    "sandbox.md": "sandbox/test_page.py",
    "shipments.md": "cli/test_pages_of_settings.py",
    "try.md": "cli/test_pages_followed.py",
    "uncertain.md": "cli/test_pages_followed.py",
    "vendors-and-codes-out.md": "cli/test_pages_of_settings.py",
    "vendors-in.md": "systems/sage_intacct/test_pages_followed.py",
    "web.md": "cli/test_pages_followed.py",
    "webhooks.md": "web/test_page.py",
    "without-a-daemon.md": "cli/test_sync_alone.py",
    "x12.md": "cli/test_pages_followed.py",
}
#: Somewhere in a line of a block: a cron line and a pipe have it behind other words.
COMMAND = re.compile(
    r"(?:^|[\s;|&])(?:ml-connector|curl|createuser|psql|pg_dump|sqlite3|systemctl|htpasswd) ", re.MULTILINE
)


def is_how_to(text: str) -> bool:
    """Whether a page tells to type something, to write something into the configuration, or to go step by step."""
    blocks = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    told = any(language == "yaml" or (not language and COMMAND.search(block)) for language, block in blocks)
    return told or bool(re.search(r"^1\. ", text, re.MULTILINE))


def test_every_how_to_is_followed() -> None:
    """A page that is added with something to do wants a test that does it."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    how_tos = {os.path.relpath(page, ROOT / "docs") for page in pages if is_how_to(page.read_text(encoding="utf-8"))}
    assert set(FOLLOWED) == how_tos
    for name, test in FOLLOWED.items():
        follower = (ROOT / "ml_connector_tests" / test).read_text(encoding="utf-8")
        assert re.search(rf"[\"/]{re.escape(Path(name).name)}\b", follower), name


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("```\nml-connector sync\n```", True),
        ("```\n*/5 * * * *  cd /srv && ml-connector sync\n```", True),
        ("```\ncreateuser me --pwprompt\n```", True),
        ("   ```yaml\n   web: {port: 1}\n   ```", True),
        ("1. `deploy/nginx.conf` to `/etc`", True),
        ("```\nTable,Scope\nvendors,whole\n```", False),
        ("See `ml-connector sync`.", False),
        ("```python\nimport ml_connector\n```", False),
    ],
)
def test_what_a_how_to_is(text: str, is_one: bool) -> None:
    assert is_how_to(text) is is_one


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "integrations").glob("*.md")))
def test_a_page_of_an_integration_ends_with_where_it_departs(page: Path) -> None:
    """Those that the README names; of fields there is another page."""
    if f"({page.relative_to(ROOT)})" not in (ROOT / "README.md").read_text(encoding="utf-8"):
        assert page.name == "exact-order-fields.md"
        return
    sections = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
    assert sections[-1] in {"## Where it departs", "## What it does not do"}
