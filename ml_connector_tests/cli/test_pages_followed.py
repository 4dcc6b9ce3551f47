"""How-tos of docs/ followed word by word: held documents, a day again, a new partner."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.reference.syncing import refresh_orders
from ml_connector.ledger.coordination.leases import worker
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.web.access.passwords import fits
from ml_connector_tests.cli.conftest import NO_COMPUTE_LOGS
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.layouts.files import csv_rows
from ml_connector_tests.layouts.files import row as csv_row
from ml_connector_tests.support.deployment import INTEGRATION, Bench, open_bench
from ml_connector_tests.support.followed_page import FollowedPage
from ml_connector_tests.support.warmed import begin_warm

OVERCHARGED = {"overcharge_percent": "12.5"}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with open_bench(tmp_path / "deployment") as made:
        monkeypatch.setenv("DAGSTER_HOME", str(made.home / "dagster"))
        (made.home / "dagster.yaml").write_text(NO_COMPUTE_LOGS, encoding="ascii")
        monkeypatch.setenv("ML_CONNECTOR_CONFIG", os.environ["ML_CONNECTOR_CONFIG"])
        yield made


@contextmanager
def at_work(bench: Bench) -> Iterator[Scene]:
    with bench.open() as deployment, worker(deployment.ledger) as lease:
        integration = deployment.integration(INTEGRATION)
        begin_warm(bench.sandbox, deployment, integration)
        yield Scene(bench, deployment, integration, RunScope(holder=lease.name, actor="test"))


def documents(*args: object) -> list[dict[str, Any]]:
    return list(say("documents", "list", *args, "--json").json["documents"])


def one_posted_one_held(bench: Bench) -> tuple[str, str, dict[str, Any]]:
    """Number of an invoice that is posted, of one that is held for its price, and the order of the latter."""
    with at_work(bench) as made:
        orders = made.orders(2)
        [good] = made.invoice(orders[:1])
        [dear] = made.invoice(orders[1:], OVERCHARGED)
        made.inbound()
        order: dict[str, Any] = orders[1]
    assert [(row["number"], row["state"]) for row in documents("--held")] == [(dear, "quarantined")]
    return good, dear, order


def agree(bench: Bench, order: dict[str, Any]) -> None:
    """The buyer raises the order's prices in the ERP."""
    for line in order["lines"]:
        price = (Decimal(line["price"]) * Decimal("1.125")).quantize(Decimal("0.0001"))
        exact, number = bench.sandbox.exact, int(order["number"])
        bench.sandbox.call(user.change_order_line, exact, number, int(line["number"]), price=price)


def in_books(bench: Bench) -> int:
    return len(list(bench.sandbox.exact.main.table("purchase/PurchaseInvoices")))


def test_a_held_invoice_is_mended_as_the_page_says(bench: Bench) -> None:
    _, held, order = one_posted_one_held(bench)
    page = FollowedPage("held-documents.md", {"INV-1001": held, "4711": held, "...": "the buyer agreed"})
    listed = page.run("documents list --held").out
    assert held in listed
    assert "price_tolerance" in listed
    assert "a person, or reference data" in listed
    shown = page.run("documents show").out
    assert "Agree the price" in shown, "with what to do"
    agree(bench, order)
    assert "take up from where it stands" in page.named("documents replay 4711 --dry-run").out
    assert in_books(bench) == 1
    page.run("documents replay")
    page.done()
    assert in_books(bench) == 2
    [row] = documents("--number", held)
    assert row["state"] == "posted"
    assert "the buyer agreed" in say("documents", "show", held).out


def test_what_is_mended_in_the_erp_is_taken_up_without_a_replay(bench: Bench) -> None:
    _, held, order = one_posted_one_held(bench)
    agree(bench, order)
    page = FollowedPage("held-documents.md", {})
    assert "`quarantine_retry_minutes` (10)" in page.text
    bench.sandbox.clock.move(10 * 60 + 1)
    page.named("ml-connector sync")
    assert [row["state"] for row in documents("--number", held)] == ["posted"]


def test_what_is_never_to_be_posted_is_discarded_with_the_reason(bench: Bench) -> None:
    _, held, _ = one_posted_one_held(bench)
    [row] = documents("--held")
    page = FollowedPage("held-documents.md", {"4711": str(row["id"])})
    page.named('ml-connector documents discard 4711 --why "supplier sends a corrected invoice"')
    assert [row["state"] for row in documents("--number", held)] == ["discarded"]
    assert "supplier sends a corrected invoice" in say("documents", "show", row["id"]).out
    assert say("ledger", "verify").code == 0


def test_a_day_is_run_again_as_the_page_says(bench: Bench) -> None:
    posted, held, order = one_posted_one_held(bench)
    [row] = documents("--held")
    page = FollowedPage("replay-a-day.md", {"2026-11-20": row["partition_date"], "4711": str(row["id"])})
    sync, replay = page.commands
    cleo = bench.sandbox.cleo
    bench.sandbox.call(lambda: cleo.deliver(cleo.inbox("NORTHWIND"), "later.edi", b"what came later"))
    for command, code in ((sync, 1), (replay, 0)):  # sync ends with 1 where something would be held
        for narrower in ("", "--flow invoices_in", "--partner northwind"):
            assert not narrower or f"`{narrower}`" in page.text
            page.say(command, *narrower.split(), "--dry-run", code=code)
    for narrower in ("--reason unknown_supplier", "--state quarantined"):
        assert f"`{narrower}`" in page.text
        here = narrower.replace("unknown_supplier", "price_tolerance")
        assert held in page.say(replay, *here.split(), "--dry-run").out
    assert [one["number"] for one in documents("--held")] == [held], "a dry run writes nothing"
    agree(bench, order)
    run = page.run("sync exact_cleo --date", "--json").json
    counts = {name: facts["counts"] for one in run["runs"] for name, facts in one["assets"].items()}
    assert counts["exact_cleo/purchase_invoices"]["confirmed"] >= 1, "what is finished is confirmed"
    assert counts["exact_cleo/purchase_invoices"]["posted"] == 1, "what is held is looked at now"
    assert in_books(bench) == 2
    told = page.run("documents replay --date").out
    page.done()
    assert posted in told
    assert held in told
    assert in_books(bench) == 2, "nothing is written twice"
    assert not [one for one in documents() if "later" in one["number"]], "no folder is read"
    assert say("ledger", "verify").code == 0


def test_a_partner_is_added_as_the_page_says(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supplier whose orders and invoices nobody has taken so far."""
    monkeypatch.chdir(tmp_path)
    known = yaml.safe_load((bench.home / "partners" / "northwind.yaml").read_text())
    (bench.home / "partners" / "northwind.yaml").unlink()
    page = FollowedPage("add-a-partner.md", {})
    file = bench.home / "partners" / "delft_optics.yaml"
    page.run("init --partner")
    assert "FILL_IN" in file.read_text()
    page.say("ml-connector check --offline", code=1)
    text = file.read_text().replace("vendor: FILL_IN", f'vendor: "{known["vendor"]}"')
    assert known["identity"] == {"qualifier": "ZZ", "id": "NORTHWIND"}
    text = text.replace("qualifier: ZZ, id: FILL_IN}", "qualifier: ZZ, id: NORTHWIND}", 1)
    file.write_text(text.replace("/FILL_IN/", "/NORTHWIND/"))
    with at_work(bench) as made:
        [number] = made.invoice(made.orders(1))
        folder = bench.sandbox.cleo.inbox("NORTHWIND")
        [sample] = bench.sandbox.call(lambda: list(folder.files))
        (tmp_path / "sample.edi").write_bytes(b"".join(sample.content.chunks(10_000)))
    assert page.run("check", "--json").json["ok"] is True
    assert number in page.run("edi inspect").out
    assert "AK9*A" in page.run("edi ack").out
    page.run("sync --partner")
    assert documents() == []
    page.run("sync --partner")
    page.done()
    assert {(row["number"], row["partner"], row["state"]) for row in documents("--flow", "invoices_in")} == {
        (number, "delft_optics", "posted")
    }


def test_x12_files_are_looked_at_as_the_page_says(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/x12.md and docs/try.md over two files of a supplier."""
    monkeypatch.chdir(tmp_path)
    with at_work(bench) as made:
        orders = made.orders(2)
        numbers = [made.invoice([one])[0] for one in orders]
        refresh_orders(made.integration)
        files = bench.sandbox.call(lambda: list(bench.sandbox.cleo.inbox("NORTHWIND").files))
    for name, file in zip(("one.edi", "two.edi"), files, strict=True):
        (tmp_path / name).write_bytes(b"".join(file.content.chunks(10_000)))
    page = FollowedPage(
        "x12.md", {"FILE...": "one.edi two.edi", "FILE": "one.edi", " P": " northwind", "A B": "one.edi two.edi"}
    )
    assert numbers[0] in page.run("edi inspect").out
    page.run("edi inspect --json")
    page.run("edi validate")
    assert "AK9*A" in page.run("edi ack").out
    (tmp_path / "DOCUMENT.json").write_text(page.run("edi extract").out)
    rendered = page.run("edi render").out
    assert numbers[0] in rendered
    page.run("edi diff", code=1)
    anonymous = page.run("edi anonymize").out
    page.done()
    assert "ISA*" in anonymous
    assert numbers[0] not in anonymous
    page = FollowedPage(
        "try.md",
        {
            "invoice.edi": "one.edi",
            "original.edi correction.edi": "one.edi two.edi",
            "invoices.csv --partner harbour": "one.edi --partner northwind",
            "2026-11-20": bench.sandbox.clock.now().date().isoformat(),
        },
    )
    assert "posted" in page.run("try").out
    tried = page.run("try").json
    assert [one["state"] for one in tried["documents"]] == ["posted", "posted"]
    page.run("try")
    assert documents() == [], "without a trace"


def test_the_ledger_is_proven_as_the_page_says(bench: Bench) -> None:
    one_posted_one_held(bench)
    day = bench.sandbox.clock.now().date().isoformat()
    assert say("ledger", "export-heads").code == 0
    heads = bench.home / "chain-heads.jsonl"
    assert heads.is_file()
    page = FollowedPage("ledger.md", {"/mnt/audit/chain-heads.jsonl": str(heads), "2026-11-20": day})
    assert "Clean." in page.run("ledger verify").out
    page.run("ledger verify --heads", code=0)
    page.run("ledger export-heads")
    assert "invoice" in page.run("ledger totals").out
    page.done()


def test_secrets_and_keys_are_kept_as_the_page_says(alone: None, tmp_path: Path) -> None:
    """Up to the authorization, which the pages that tell how to connect a system go through."""
    say("init")
    page = FollowedPage("credentials.md", {})
    page.run("credentials generate-key")
    assert (tmp_path / "var" / "key").stat().st_mode & 0o777 == 0o600
    say("credentials", "set", "exact_nl_client_secret", given="one")
    line = page.commands[1]
    assert line == "ml-connector credentials set cleo_prod_password"
    assert say(*line.split()[1:], given="two").code == 0
    listed = page.say(page.commands[2]).out
    assert "cleo_prod_password" in listed
    assert "two" not in listed
    before = (tmp_path / "var" / "key").read_text()
    page.say("ml-connector credentials rotate")
    assert (tmp_path / "var" / "key").read_text() != before
    assert page.commands[-1] == "ml-connector credentials status"
    page.say(page.commands[-1], code=3)


def test_layouts_are_shown_and_tried_as_the_page_says(alone: None, tmp_path: Path) -> None:
    page = FollowedPage("layouts.md", {})
    assert "truecommerce_810_csv" in page.run("layout list").out
    assert "InvoiceNumber" in page.run("layout show").out
    (tmp_path / "invoices.csv").write_bytes(csv_rows(csv_row(number="INV-77")))
    assert "INV-77" in page.run("layout try").out
    page.done()


def test_somebody_gets_a_log_in_as_the_page_says(alone: None, tmp_path: Path) -> None:
    say("init")
    assert say("credentials", "generate-key").code == 0
    page = FollowedPage("web.md", {})
    block = page.text.partition("### People who log in here")[2].partition("```yaml\n")[2].partition("```")[0]
    config = tmp_path / "connections.yaml"
    config.write_text(config.read_text() + "\n" + block.replace("purchasing", "exact_cleo"))
    assert page.commands[0] == "ml-connector web", "until Ctrl-C: test_production starts it"
    said = say(*page.commands[1].split()[1:], given="correct horse\n")
    assert said.code == 0, said.err
    with Deployment.open(config) as deployment:
        kept = deployment.vault.get("web_anna")
        assert kept is not None
        assert fits("correct horse", kept.reveal())
        assert not fits("wrong horse", kept.reveal())


SILENT = {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"}


def test_what_is_in_doubt_is_settled_as_the_page_says(bench: Bench) -> None:
    """Of two uploads that broke off one had arrived; the partner is asked, and says so."""
    with at_work(bench) as made:
        made.sandbox.call(made.world.behave, "NORTHWIND", SILENT)
        for kind in (FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE):
            made.orders(1, received=False)
            made.sandbox.call(
                made.sandbox.faults.add, Fault(kind, system="cleo", method="POST", path="*/files", count=1)
            )
            made.outbound()
        made.sandbox.clock.move(1800)
        made.outbound()
    page = FollowedPage("uncertain.md", {})
    page.named("ml-connector documents list --state unknown_outcome")
    arrived, lost = sorted(documents("--state", "unknown_outcome"), key=lambda one: int(one["id"]))
    for row, line, word in zip((arrived, lost), page.commands, ("--arrived", "--not-arrived"), strict=True):
        assert word in line
        page.say(line.replace("4711", str(row["id"])))
    assert "said Ms Jansen" in say("documents", "show", lost["id"]).out
    assert say("sync", "--flow", "orders_out").code == 0
    states = {row["number"]: row["state"] for row in documents("--flow", "orders_out")}
    assert states == {arrived["number"]: "sent", lost["number"]: "sent"}
    assert bench.sandbox.partner is not None
    bench.sandbox.call(bench.sandbox.partner.flush)
    assert sorted(bench.sandbox.partner.consumer.orders().values()) == [1, 1], "each has come once"
