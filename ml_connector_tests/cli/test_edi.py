"""`edi inspect` and `edi ack`: what is in a file, and what it would be answered with."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import ROOT

ISA = "ISA*00*          *00*          *ZZ*NORTHWIND      *ZZ*VOLTWERK       *261120*0900*U*00401*000000007*0*P*>~"
INVOICE = "ST*810*0001~BIG*20261120*INV-1*20261101*4711~IT1*1*2*EA*10.00**BP*A-1~TDS*2000~CTT*1~SE*6*0001~"
BROKEN = "ST*810*0002~BIG*20261120**20261101*4711~IT1*1*2*EA*10.00~TDS*2000~CTT*1~SE*6*0002~"


def interchange(*sets: str, functional: str = "IN", complete: bool = True) -> str:
    body = "".join(sets)
    end = f"GE*{len(sets)}*5~IEA*1*000000007~" if complete else ""
    return f"{ISA}GS*{functional}*NORTHWIND*VOLTWERK*20261120*0900*5*X*004010~{body}{end}"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.edi"
    file.write_text(interchange(INVOICE), encoding="ascii")
    return file


def test_inspect_tells_what_is_in_a_file(good: Path) -> None:
    said = say("edi", "inspect", good)
    assert said.code == 0
    assert "from ZZ/NORTHWIND to ZZ/VOLTWERK, production" in said.out
    assert "810 0001: invoice INV-1" in said.out
    assert "1 sets, 0 rejected." in said.out


def test_a_reader_that_has_enough_is_told_nothing(tmp_path: Path) -> None:
    file = tmp_path / "long.edi"
    file.write_text(interchange(*[INVOICE] * 2000), encoding="ascii")
    command = [sys.executable, "-c", "from ml_connector.cli import main; main()", "edi", "inspect", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == f"{file}:\n"
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, "")


def test_inspect_as_json_holds_the_document(good: Path) -> None:
    told = say("edi", "inspect", good, "--json").json
    assert set(told) == {"file", "interchanges", "findings"}
    [interchange] = told["interchanges"]
    assert interchange["sender"] == {"qualifier": "ZZ", "id": "NORTHWIND"}
    assert (interchange["control_number"], interchange["date"], interchange["usage"]) == (
        "000000007",
        "2026-11-20",
        "P",
    )
    assert interchange["separators"] == {"element": "*", "component": ">", "repetition": None, "segment": "~"}
    assert (interchange["acknowledgments"], interchange["findings"]) == ([], [])
    [group] = interchange["groups"]
    assert (group["functional_id"], group["version"], group["sender"]) == ("IN", "004010", "NORTHWIND")
    [found] = group["transaction_sets"]
    assert (found["set"], found["control_number"], found["accepted"], found["findings"]) == ("810", "0001", True, [])
    document = found["document"]
    head = ("kind", "number", "date", "purpose", "type", "release", "currency", "po_number", "po_date", "total")
    assert [document[key] for key in head] == [
        "invoice", "INV-1", "2026-11-20", None, None, None, None, "4711", "2026-11-01", "20"
    ]  # fmt: skip
    assert (document["line_count"], document["quantity_total"], document["line_amount_total"]) == (1, "2", "20")
    [line] = document["lines"]
    assert [line[key] for key in ("line_number", "quantity", "unit", "unit_price")] == ["1", "2", "EA", "10"]
    assert line["identifiers"] == {"BP": "A-1"}
    short = say("edi", "inspect", good, "--json", "--no-content").json
    assert "document" not in short["interchanges"][0]["groups"][0]["transaction_sets"][0]


def test_inspect_of_several_files_prints_one_object_for_each(good: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.edi"
    bad.write_text(interchange(BROKEN), encoding="ascii")
    page = tmp_path / "page.html"
    page.write_text("<html>", encoding="ascii")
    said = say("edi", "inspect", good, bad, "--json")
    assert said.code == 1
    told = [json.loads(line) for line in said.out.splitlines()]
    assert [one["file"] for one in told] == [str(good), str(bad)]
    found = told[1]["interchanges"][0]["groups"][0]["transaction_sets"][0]["findings"][0]
    assert set(found) >= {"level", "code", "severity", "segment", "position", "element", "value", "message"}
    assert [found[k] for k in ("level", "code", "severity", "segment", "position", "element", "value")] == [
        "element", "1", "error", "BIG", 2, 2, None
    ]  # fmt: skip
    said = say("edi", "inspect", page, good, tmp_path / "missing.edi", "--json")
    assert said.code == 2
    told = [json.loads(line) for line in said.out.splitlines()]
    assert [len(one["interchanges"]) for one in told] == [0, 1, 0]
    assert [[f["code"] for f in one["findings"]] for one in told] == [["not_x12"], [], ["unreadable"]]


def test_inspect_puts_a_caret_under_the_place(tmp_path: Path) -> None:
    file = tmp_path / "bad.edi"
    file.write_text(interchange(INVOICE.replace("*EA*", "*EACH*")), encoding="ascii")
    lines = say("edi", "inspect", file).out.splitlines()
    at = next(n for n, line in enumerate(lines) if "IT1*1*2*EACH" in line)
    assert lines[at + 1].index("^") == lines[at].index("EACH")
    assert lines[at + 1].strip() == "^^^^"


def test_validate_is_strict_unless_a_partner_says_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "odd.edi"
    file.write_text(interchange(INVOICE.replace("*EA*", "*EACH*")), encoding="ascii")
    assert say("edi", "validate", file, "--json").json["interchanges"][0]["groups"][0]["transaction_sets"][0][
        "accepted"
    ] is False  # fmt: skip
    said = say("edi", "validate", file, "--partner", "brightline", "--config", ROOT / "connections.yaml")
    assert said.code == 1
    assert "accepted" in said.out


def test_a_document_is_extracted_rendered_and_the_same_again(good: Path, tmp_path: Path) -> None:
    extracted = say("edi", "extract", good)
    assert extracted.code == 0
    document = tmp_path / "invoice.json"
    document.write_text(extracted.out, encoding="utf-8")
    out = tmp_path / "again.edi"
    for version in ("004010", "005010"):
        said = say("edi", "render", document, "--set", "810", "--x12-version", version, "--out", out)
        assert said.code == 0, said.err
        assert say("edi", "validate", out).code == 0
        assert say("edi", "diff", good, out).code == 0
    assert say("edi", "render", document, "--set", "850").code == 2
    document.write_text('{"kind": "invoice", "number": 1}', encoding="utf-8")
    wrong = say("edi", "render", document)
    assert wrong.code == 2
    assert "is no such document" in wrong.err


def test_diff_tells_what_differs_in_business_terms(good: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.edi"
    text = interchange(INVOICE.replace("*2*EA*10.00", "*3*EA*10.00"), BROKEN.replace("**20261101", "*INV-2*20261101"))
    other.write_text(text.replace("~", "'\n").replace("*", "+"), encoding="ascii")
    said = say("edi", "diff", good, other)
    assert said.code == 1
    assert "invoice INV-1: line 1: quantity: 2 -> 3" in said.out
    assert "invoice INV-2: nothing -> there" in said.out
    assert say("edi", "diff", good, good, "--json").json == {"same": True, "differences": []}


def test_anonymize_leaves_the_structure_and_nothing_real(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "shown.edi"
    real = interchange(INVOICE.replace("INV-1", "INV-2026-77").replace("4711", "45004711").replace("A-1", "WIDGET-77"))
    good.write_text(real, encoding="ascii")
    assert say("edi", "anonymize", good, "--out", out).code == 0
    data = out.read_text("ascii")
    for real in ("NORTHWIND", "VOLTWERK", "INV-2026-77", "45004711", "WIDGET-77", "20261120"):
        assert real not in data
    assert say("edi", "validate", out).code == 0
    document = say("edi", "inspect", out, "--json").json["interchanges"][0]["groups"][0]["transaction_sets"][0][
        "document"
    ]
    assert document["total"] == document["line_amount_total"]


def test_ack_answers_an_interchange_that_asks_for_it(good: Path, tmp_path: Path) -> None:
    asking = tmp_path / "asking.edi"
    asking.write_text(good.read_text("ascii").replace("*0*P*>~", "*1*P*>~"), encoding="ascii")
    said = say("edi", "ack", asking)
    assert said.code == 0
    assert "TA1*000000007*261120*0900*A*000~" in said.out
    assert "AK9*A*1*1*1~" in said.out


def test_inspect_names_the_place_of_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "bad.edi"
    file.write_text(interchange(INVOICE, BROKEN), encoding="ascii")
    said = say("edi", "inspect", file)
    assert said.code == 1
    assert "BIG02" in said.out
    assert "2 sets, 1 rejected." in said.out
    assert say("edi", "inspect", file, "--json").code == 1


def test_inspect_reads_standard_input(good: Path) -> None:
    assert say("edi", "inspect", "-", given=good.read_bytes()).code == 0


def test_inspect_of_an_incomplete_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "half.edi"
    file.write_text(interchange(INVOICE, complete=False), encoding="ascii")
    said = say("edi", "inspect", file)
    assert said.code == 1
    assert "IEA is missing" in said.out


def test_what_is_no_x12_is_said_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<html>\x1b[31mlogin</html>", encoding="ascii")
    said = say("edi", "inspect", file)
    assert said.code == 2
    assert "not an X12 file" in said.err
    assert "\x1b" not in said.err
    assert say("edi", "inspect", file, "--json").json["findings"][0]["code"] == "not_x12"


def test_control_characters_in_a_file_do_not_reach_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "evil.edi"
    file.write_text(interchange(INVOICE.replace("INV-1", "INV\x1b[2J")), encoding="ascii")
    assert "\x1b" not in say("edi", "inspect", file, "--content").out


def test_ack_prints_the_997_with_addresses_turned_round(good: Path) -> None:
    said = say("edi", "ack", good)
    assert said.code == 0
    assert "*ZZ*VOLTWERK       *ZZ*NORTHWIND      *" in said.out
    assert "AK1*IN*5~" in said.out
    assert "AK9*A*1*1*1~" in said.out


def test_ack_tells_the_sender_what_to_mend(tmp_path: Path) -> None:
    file = tmp_path / "bad.edi"
    file.write_text(interchange(INVOICE, BROKEN), encoding="ascii")
    said = say("edi", "ack", file, "--json")
    assert said.code == 1
    [group] = said.json["interchanges"][0]["groups"]
    assert (group["code"], group["received"], group["accepted"]) == ("P", 2, 1)
    assert "AK3*BIG*2" in said.json["interchanges"][0]["text"]


def test_an_answer_is_itself_read_without_an_error(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "answer.edi"
    assert say("edi", "ack", good, "--out", out, "--control", 42).code == 0
    told = say("edi", "inspect", out, "--mode", "strict", "--json")
    assert told.code == 0
    assert told.json["interchanges"][0]["control_number"] == "000000042"
    today = datetime.now(UTC).date()
    assert abs((datetime.fromisoformat(told.json["interchanges"][0]["date"]).date() - today).days) <= 1


def test_acknowledgments_are_never_acknowledged(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "answer.edi"
    say("edi", "ack", good, "--out", out)
    said = say("edi", "ack", out)
    assert said.code == 0
    assert said.out == ""
    assert "nothing to answer" in said.err


def test_a_partners_file_is_answered_in_its_own_style(good: Path) -> None:
    said = say("edi", "ack", good, "--partner", "brightline", "--config", ROOT / "connections.yaml")
    assert said.code == 0
    assert "~\n" in said.out
    assert say("edi", "ack", good, "--partner", "nobody", "--config", ROOT / "connections.yaml").code == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("*ZZ*NORTHWIND      *", "*ZZ*A-SENDER-OF-18-CHR*"),
        ("*ZZ*NORTHWIND      *", "*Z*NORTHWIND      *"),
        ("GS*IN*NORTHWIND*VOLTWERK*", "GS*IN*N*V*"),
        ("GS*IN*NORTHWIND*VOLTWERK*", "GS*IN*A-SENDER-OF-18-CHR*VOLTWERK*"),
    ],
)
def test_ack_answers_senders_whose_ids_do_not_fit_into_an_envelope(tmp_path: Path, old: str, new: str) -> None:
    source, answer = tmp_path / "invoice.edi", tmp_path / "answer.edi"
    text = interchange(INVOICE)
    assert text.count(old) == 1
    source.write_text(text.replace(old, new), encoding="ascii")
    assert say("edi", "ack", source, "--out", answer).code == 0
    assert say("edi", "validate", answer).code == 0
