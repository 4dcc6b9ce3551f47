"""HL numbers and parents that do not fit are told; the items are found all the same."""

import pytest

from ml_connector.edi.validation.hl_hierarchy import fit
from ml_connector_tests.edi.building import group, interchange, one, transaction

BODY = (
    "BSN*00*S-1*20261121*0215*0001~HL*1**S~HL*2*1*O~PRF*PO-1~HL*3*2*P~MAN*GM*00300000000000000011~HL*4*3*I~LIN**VP*A~"
    "SN1**10*EA~HL*5*2*P~MAN*GM*00300000000000000028~HL*6*5*I~LIN**VP*B~SN1**5*EA~CTT*6*15~"
)


def notice(body: str) -> bytes:
    return interchange(group("SH", transaction("856", body)))


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("HL*3*2*P", "HL*3*5*P", ("hl_parent", "error", 2, "5")),
        ("HL*3*2*P", "HL*3*3*P", ("hl_parent", "error", 2, "3")),
        ("HL*3*2*P", "HL*3*99*P", ("hl_parent", "error", 2, "99")),
        ("HL*3*2*P", "HL*3**P", ("hl_parent", "warning", 2, "")),
        ("HL*5*2*P", "HL*4*2*P", ("hl_number", "error", 1, "4")),
        ("HL*1**S", "HL*1*1*S", ("hl_parent", "error", 2, "1")),
    ],
)
def test_a_wrong_number_or_parent_is_told_and_the_items_are_found(
    before: str, after: str, finding: tuple[str, str, int, str]
) -> None:
    right = one(notice(BODY))
    assert not right.findings
    body = BODY.replace(before, after).replace("HL*6*5*", "HL*6*4*" if after == "HL*4*2*P" else "HL*6*5*")
    received = one(notice(body))
    assert [(f.code, f.severity.value, f.element, f.value) for f in received.findings] == [finding]
    assert received.findings[0].level.value == "business"
    assert received.accepted
    assert received.document.orders == right.document.orders  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace("HL*2*1", "HL*B*1").replace("HL*3*2", "HL*3*B").replace("HL*5*2", "HL*5*B"),
        BODY.replace("HL*1**S", "HL*001**S").replace("HL*2*1", "HL*2*001"),
    ],
)
def test_numbers_that_are_no_numbers_are_right_where_parents_name_them(body: str) -> None:
    assert not one(notice(body)).findings


def test_several_shipments_in_one_notice_need_no_parent() -> None:
    assert fit([["HL", "1", "", "S"], ["HL", "2", "1", "O"], ["HL", "3", "", "S"]])
    assert not fit([["HL", "1", "", "S"], ["HL", "2", "", "O"]])
