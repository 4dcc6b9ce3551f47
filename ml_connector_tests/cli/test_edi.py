"""`edi inspect` and `edi ack`: what is in a file, and what it would be answered with."""

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


def test_inspect_as_json_holds_the_document(good: Path) -> None:
    told = say("edi", "inspect", good, "--json").json
    assert told["ok"] is True
    [found] = told["interchanges"][0]["groups"][0]["sets"]
    assert (found["set"], found["number"], found["accepted"]) == ("810", "INV-1", True)
    assert found["document"]["lines"][0]["price"] in ("10", "10.00")
    [short] = say("edi", "inspect", good, "--json", "--no-content").json["interchanges"][0]["groups"][0]["sets"]
    assert "document" not in short


def test_inspect_names_the_place_of_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "bad.edi"
    file.write_text(interchange(INVOICE, BROKEN), encoding="ascii")
    said = say("edi", "inspect", file)
    assert said.code == 1
    assert "BIG02" in said.out
    assert "2 sets, 1 rejected." in said.out
    assert say("edi", "inspect", file, "--json").json["ok"] is False


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
    assert said.code == 1
    assert "not an X12 file" in said.err
    assert "\x1b" not in said.err
    assert say("edi", "inspect", file, "--json").json["error"]["kind"] == "SenderMustMend"


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
