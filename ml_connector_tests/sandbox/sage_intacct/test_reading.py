"""query, readByQuery, read, readByName, metadata (sage-intacct 3, 6)."""

import pytest

from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench, equal, errors, parsed

ORDER = "<orderby><order><field>RECORDNO</field><ascending/></order></orderby>"


def by_query(name: str, query: str = "", fields: str = "*", size: int = 100) -> str:
    return (
        f"<readByQuery><object>{name}</object><fields>{fields}</fields><query>{query}</query>"
        f"<pagesize>{size}</pagesize></readByQuery>"
    )


def keys(data: object, tag: str) -> list[str]:
    return [one.text for one in data.iter(tag)]  # type: ignore[attr-defined]


def test_pages_say_what_is_left_and_are_whole_only_in_an_order(intacct: IntacctBench) -> None:
    seen: list[str] = []
    for offset in range(0, 12, 4):
        page = intacct.query("GLACCOUNT", "ACCOUNTNO", more=f"{ORDER}<pagesize>4</pagesize><offset>{offset}</offset>")
        count = int(page.get("count"))
        assert int(page.get("numremaining")) == 11 - offset - count
        assert [row.tag for row in page] == ["GLACCOUNT"] * count
        seen += keys(page, "ACCOUNTNO")
    assert len(set(seen)) == 11
    loose = [
        number
        for offset in range(0, 12, 4)
        for number in keys(
            intacct.query("GLACCOUNT", "ACCOUNTNO", more=f"<pagesize>4</pagesize><offset>{offset}</offset>"),
            "ACCOUNTNO",
        )
    ]
    assert len(set(loose)) < 11, "without an order pages overlap"


def test_nothing_found_is_a_data_element_without_children(intacct: IntacctBench) -> None:
    data = intacct.query("VENDOR", "VENDORID", where=equal("VENDORID", "NOBODY"))
    assert len(data) == 0
    assert dict(data.attrib) == {
        "listtype": "VENDOR", "totalcount": "0", "offset": "0", "count": "0", "numremaining": "0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (equal("ACCOUNTNO", "6100"), {"6100"}),
        ("<like><field>TITLE</field><value>%inv%</value></like>", {"2100"}),
        ("<notlike><field>ACCOUNTNO</field><value>6%</value></notlike>", {"1000", "1200", "2000", "2100", "4000",
         "5000"}),
        ("<in><field>ACCOUNTNO</field><value>1000</value><value>4000</value></in>", {"1000", "4000"}),
        ("<between><field>ACCOUNTNO</field><value>2000</value><value>2999</value></between>", {"2000", "2100"}),
        (f"<and>{equal('STATUS', 'inactive')}{equal('ACCOUNTTYPE', 'incomestatement')}</and>", {"6900"}),
        (f"<or>{equal('ACCOUNTNO', '1000')}{equal('ACCOUNTNO', '1200')}</or>", {"1000", "1200"}),
        ("<isnotnull><field>CLOSINGACCOUNTNO</field></isnotnull>",
         {"4000", "5000", "6100", "6200", "6300", "6800", "6900"}),
        (equal("REQUIREPROJECT", "true"), {"6300"}),
    ],
)  # fmt: skip
def test_operators_of_the_filter(intacct: IntacctBench, where: str, found: set[str]) -> None:
    assert {row["ACCOUNTNO"] for row in intacct.rows("GLACCOUNT", "ACCOUNTNO", where=where)} == found


@pytest.mark.parametrize(
    "call",
    [
        "<query><object>VENDOR</object><select><field>*</field></select></query>",
        "<query><object>VENDOR</object><select><field>NOSUCH</field></select></query>",
        "<query><object>PROJECT</object><select><field>CFDA</field></select></query>",
        "<query><object>VENDOR</object></query>",
        "<query><object>VENDOR</object><select><field>NAME</field></select><pagesize>2001</pagesize></query>",
        "<query><object>VENDOR</object><select><field>NAME</field></select><filter><and>"
        f"{equal('NAME', 'x')}</and></filter></query>",
        "<query><object>VENDOR</object><select><field>NAME</field></select><filter>"
        f"{equal('NAME', 'x')}{equal('NAME', 'y')}</filter></query>",
        "<query><object>VENDOR</object><select><field>WHENCREATED</field></select><filter>"
        f"{equal('WHENCREATED', '2025-01-01')}</filter></query>",
    ],
)
def test_a_query_that_is_not_well_made_fails(intacct: IntacctBench, call: str) -> None:
    assert intacct.bad(call)[0][0] == "XL03000006"


def test_a_query_reads_related_fields_and_aggregates_without_regard_to_case(intacct: IntacctBench) -> None:
    intacct.bill("REL-1", vendor="V-19", fields={"ACCOUNTNO": "6200"})
    where, fold = equal("VENDORID", "v-19"), "<options><caseinsensitive>true</caseinsensitive></options>"
    (row,) = intacct.rows("APBILL", "RECORDID", "VENDOR.TAXID", where=where, more=fold)
    assert row == {"RECORDID": "REL-1", "VENDOR.TAXID": "39-2223334"}
    assert intacct.rows("APBILL", where=where) == []
    call = (
        "<query><object>GLACCOUNT</object><select><field>NORMALBALANCE</field><count>RECORDNO</count></select></query>"
    )
    groups = intacct.good(call).find("data")
    counts = {one.findtext("NORMALBALANCE"): one.findtext("COUNT.RECORDNO") for one in groups}
    assert counts == {"debit": "8", "credit": "3"}


def test_rows_come_as_json_without_the_envelope_but_errors_do_not(intacct: IntacctBench) -> None:
    call = (
        "<query><object>CLASS</object><select><field>{}</field></select>"
        "<options><returnformat>json</returnformat></options></query>"
    )
    rows = intacct.post(intacct.document(call.format("CLASSID"))).json()
    assert {row["CLASSID"] for row in rows} == {"STD", "CUSTOM"}
    assert errors(parsed(intacct.post(intacct.document(call.format("NOSUCH")))))


def test_moments_are_in_the_users_offset_and_format(intacct: IntacctBench) -> None:
    intacct.control.post(
        "/sage_intacct/put", json={"object": "CLASS", "values": {"CLASSID": "STD", "NAME": "Standard"}}
    )
    (plain,) = intacct.rows("CLASS", "WHENMODIFIED", where=equal("CLASSID", "STD"))
    intacct.switch(gmt_offset="+09:30", date_format=".ymd", clock="12")
    (shown,) = intacct.rows("CLASS", "WHENMODIFIED", where=equal("CLASSID", "STD"))
    assert plain["WHENMODIFIED"] != shown["WHENMODIFIED"]
    assert shown["WHENMODIFIED"][-2:] in {"AM", "PM"}
    told = intacct.good("<readUserFormatting><userId>edi</userId></readUserFormatting>").find("data/userformatting")
    assert {one.tag: one.text for one in told} == {
        "recordno": "1", "locale": "en_US", "dateformat": ".ymd", "gmtoffset": "+09:30", "clock": "12",
    }  # fmt: skip
    since = f"<field>WHENMODIFIED</field><value>{shown['WHENMODIFIED']}</value>"
    after = f"<greaterthanorequalto>{since}</greaterthanorequalto>"
    assert [row["CLASSID"] for row in intacct.rows("CLASS", "CLASSID", where=after)] == ["STD"]


def test_some_objects_have_no_moment_of_change_until_the_first(intacct: IntacctBench) -> None:
    (row,) = intacct.rows("VENDOR", "WHENMODIFIED", "WHENCREATED", where=equal("VENDORID", "V-18"))
    assert row["WHENMODIFIED"] == ""
    assert row["WHENCREATED"]
    null = "<isnull><field>WHENMODIFIED</field></isnull>"
    assert len(intacct.rows("VENDOR", where=null)) >= 3


def test_read_by_query_pages_by_a_result_that_ends(intacct: IntacctBench) -> None:
    data = intacct.good(by_query("GLACCOUNT", size=4)).find("data")
    assert data.get("listtype") == "glaccount"
    assert [row.tag for row in data] == ["glaccount"] * 4
    seen = keys(data, "ACCOUNTNO")
    more = f"<readMore><resultId>{data.get('resultId')}</resultId></readMore>"
    while int(data.get("numremaining")) > 0:
        data = intacct.good(more).find("data")
        seen += keys(data, "ACCOUNTNO")
    assert len(set(seen)) == len(seen) == 11
    again = intacct.good(by_query("GLACCOUNT", size=6)).find("data")
    rest = intacct.good("<readMore><object>GLACCOUNT</object></readMore>").find("data")
    assert (again.get("resultId"), rest.get("count")) == (rest.get("resultId"), "5")
    intacct.clock.move(31 * 60)
    assert intacct.bad(more)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("VENDORID = 'V-17'", {"V-17"}),
        ("VENDORID IN ('V-17','V-18') AND NAME LIKE 'Lake%'", {"V-17"}),
        ("STATUS = 'F'", {"V-21"}),
        ("(VENDORID = 'V-17' OR VENDORID = 'V-18') AND TAXID IS NOT NULL", {"V-17", "V-18"}),
        ("VENDORID NOT IN ('V-17','V-18','V-19','V-20')", {"V-21"}),
        ("WHENCREATED &gt; '01/01/2001' AND VENDORID &lt;= 'V-18'", {"V-17", "V-18"}),
        (r"NAME = 'Nobody\'s'", set()),
    ],
)
def test_conditions_of_read_by_query(intacct: IntacctBench, query: str, found: set[str]) -> None:
    assert set(keys(intacct.good(by_query("VENDOR", query, "VENDORID")), "VENDORID")) == found


@pytest.mark.parametrize(
    "query",
    ["NOSUCH = '1'", "VENDORID =", "VENDORID = 'V-17' ORDER BY NAME", "WHENCREATED > '2025-03-01'", "VENDORID = 'x"],
)
def test_a_condition_that_cannot_be_read_is_a_processing_error(intacct: IntacctBench, query: str) -> None:
    ((number, text),) = intacct.bad(by_query("VENDOR", query.replace(">", "&gt;")))
    assert (number, text) == ("DL02000001", "There was an error processing the request.")


def test_a_state_is_asked_for_by_its_code_in_one_and_by_its_words_in_the_other(intacct: IntacctBench) -> None:
    (order,) = intacct.order()
    wanted = f"DOCID = '{order['docid']}' AND STATE = "
    assert keys(intacct.good(by_query("PODOCUMENT", wanted + "'O'", "STATE")), "STATE") == ["Pending"]
    assert keys(intacct.good(by_query("PODOCUMENT", wanted + "'Pending'", "STATE")), "STATE") == []
    both = "<and>" + equal("DOCID", order["docid"]) + equal("STATE", "{}") + "</and>"
    assert len(intacct.rows("PODOCUMENT", where=both.format("Pending"))) == 1
    assert intacct.rows("PODOCUMENT", where=both.format("O")) == []


def test_read_nests_contacts_and_lines_and_an_unknown_key_is_no_error(intacct: IntacctBench) -> None:
    (order,) = intacct.order(lines=2)
    call = "<readByName><object>PODOCUMENT</object><keys>{}</keys><fields>*</fields></readByName>"
    data = intacct.good(call.format(order["docid"])).find("data")
    assert (data.get("listtype"), data.get("count")) == ("PODOCUMENT", "1")
    assert len(data.findall("PODOCUMENT/PODOCUMENTENTRIES/podocumententry")) == 2
    vendor = intacct.good("<read><object>VENDOR</object><keys>1</keys><fields>*</fields></read>").find("data/VENDOR")
    assert vendor.findtext("DISPLAYCONTACT/MAILADDRESS/CITY") == "Gary"
    flat = intacct.good(by_query("VENDOR", "VENDORID = 'V-17'")).find("data/vendor")
    assert flat.find("DISPLAYCONTACT") is None
    assert {one.tag: one.text for one in flat}["DISPLAYCONTACT.PRINTAS"] == "Lakeside Ironworks, Inc."
    assert intacct.good(call.format("Purchase Order-NONE")).find("data").get("count") == "0"
    (error,) = intacct.bad("<read><object>VENDOR</object><keys>1</keys><fields>NOSUCH</fields></read>")
    assert error == ("Invalid fields list NOSUCH", ""), "description2 is empty"


def test_what_belongs_to_an_entity_is_private_to_it(intacct: IntacctBench) -> None:
    private = equal("VENDORID", "V-30")
    assert intacct.rows("VENDOR", where=private) == []
    assert len(intacct.rows("VENDOR", where=private, more="<options><showprivate>true</showprivate></options>")) == 1
    assert keys(intacct.good(by_query("VENDOR", "VENDORID = 'V-30'", "VENDORID")), "VENDORID") == []
    assert len(intacct.rows("VENDOR", where=private, entity="200")) == 1
    assert intacct.rows("VENDOR", where=private, entity="100") == []


def test_reads_can_lag_behind_writes(intacct: IntacctBench) -> None:
    intacct.bill("LAG-0")
    intacct.clock.move(10)
    intacct.switch(lag_seconds=5.0)
    number = intacct.bill("LAG-1").findtext("data/apbill/RECORDNO")
    where = equal("RECORDID", "LAG-1")
    read = f"<read><object>APBILL</object><keys>{number}</keys></read>"
    assert intacct.rows("APBILL", where=where) == []
    assert intacct.good(read).find("data").get("count") == "0"
    intacct.clock.move(6)
    assert len(intacct.rows("APBILL", where=where)) == 1
    intacct.good(f"<update><APBILL><RECORDNO>{number}</RECORDNO><DESCRIPTION>new</DESCRIPTION></APBILL></update>")
    assert intacct.rows("APBILL", "DESCRIPTION", where=where) == [{"DESCRIPTION": ""}]
    intacct.good(f"<delete><object>APBILL</object><keys>{number}</keys></delete>")
    assert len(intacct.rows("APBILL", where=where)) == 1, "what was deleted is seen for a while"
    intacct.clock.move(6)
    assert intacct.rows("APBILL", where=where) == []


def test_a_later_record_may_be_seen_first(intacct: IntacctBench) -> None:
    intacct.switch(lag_seconds=100.0, lag_uneven=True)
    numbers = [intacct.bill(f"UNEVEN-{at}").findtext("data/apbill/RECORDNO") for at in range(10)]
    where = "<like><field>RECORDID</field><value>UNEVEN-%</value></like>"
    intacct.clock.move(55)
    seen = {row["RECORDNO"] for row in intacct.rows("APBILL", where=where)}
    assert 3 <= len(seen) <= 7
    assert max(set(numbers) & seen, key=int) > min(set(numbers) - seen, key=int)
    intacct.clock.move(50)
    assert {row["RECORDNO"] for row in intacct.rows("APBILL", where=where)} == set(numbers)


def test_deletions_stand_in_the_audit_history(intacct: IntacctBench) -> None:
    made = intacct.good("<create><CLASS><CLASSID>GONE</CLASSID><NAME>Gone</NAME></CLASS></create>")
    number = made.findtext("data/class/RECORDNO")
    intacct.good(f"<delete><object>CLASS</object><keys>{number}</keys></delete>")
    where = f"<and>{equal('OBJECTTYPE', 'class')}{equal('ACCESSMODE', 'D')}</and>"
    assert {row["OBJECTKEY"] for row in intacct.rows("AUDITHISTORY", "OBJECTKEY", "ID", where=where)} == {"GONE"}


def test_lookup_and_inspect_describe_the_objects(intacct: IntacctBench) -> None:
    described = intacct.good("<lookup><object>PROJECT</object></lookup>").find("data/Type")
    assert {"CFDA", "PROJECTID"} <= {one.findtext("ID") for one in described.iter("Field")}
    assert described.findtext("Relationships/Relationship/OBJECTNAME") == "CUSTOMER"
    types = intacct.good('<inspect detail="0"><object>*</object></inspect>').find("data")
    assert "APBILL" in keys(types, "type")
    one = intacct.good('<inspect detail="1"><object>APBILL</object></inspect>').find("data/Type")
    assert one.get("Name") == "APBILL"
