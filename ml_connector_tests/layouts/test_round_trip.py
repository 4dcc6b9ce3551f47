"""Whatever a layout carries comes back as it was: documents written and read again are equal, in every format."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.layouts import WriteContext, left_out, load_layout, read_documents, shipped_names, write_documents
from ml_connector.layouts.spec.compiler import compile_layout
from ml_connector.layouts.spec.loading import SHIPPED, _joined, merged_settings
from ml_connector.layouts.spec.model import LayoutFile
from ml_connector_tests.layouts.made import documents
from ml_connector_tests.support.examples import some

#: What may differ from partner to partner: the same documents have to come through all of it.
DIALECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "semicolons and commas": (
        "truecommerce_810_csv",
        {
            "csv": {"delimiter": ";", "quoting": "all", "terminator": "\n"},
            "values": {"date": "dd.MM.yyyy", "number": {"decimal": ",", "thousands": "."}},
            "text": {"encoding": "utf-16"},
        },
    ),
    "single quotes and tabs": ("truecommerce_850_csv", {"csv": {"delimiter": "\t", "quote": "'", "terminator": "\r"}}),
    "no headings": ("truecommerce_810_csv", {"csv": {"header": False}}),
    "terminator of its own": ("truecommerce_810_parent_child", {"csv": {"terminator": "~", "delimiter": "^"}}),
    "signs behind": ("truecommerce_810_csv", {"values": {"number": {"sign": "trailing", "implied_decimals": 4}}}),
    "parentheses": ("truecommerce_810_xml", {"values": {"number": {"sign": "parentheses", "decimal": ","}}}),
    "two-digit years": ("truecommerce_856_csv", {"values": {"date": "yyMMdd"}, "text": {"bom": True}}),
    "attributes": (
        "truecommerce_810_xml",
        {
            "xml": {"namespaces": {"": "urn:invoice", "c": "urn:common"}, "indent": False},
            "document": {
                "fields": {
                    "InvoiceNumber": {"path": "@c:number"},
                    "Currency": {"path": "c:Total/@currency"},
                    "Total": {"path": "c:Total"},
                    "PONumber": {"path": "Reference[@type=PO]/Value"},
                    "Tax": {"path": "Amounts/Amount[Kind=TAX]/Value"},
                    "Freight": {"path": "Amounts/Amount[Kind=FREIGHT]/Value"},
                },
                "repeats": {"lines": {"fields": {"LineNumber": {"path": "@no"}}}},
            },
        },
    ),
    "picked objects": (
        "truecommerce_850_json",
        {
            "json": {"indent": False},
            "document": {
                "at": "data/orders",
                "fields": {
                    "ShipToCode": {"path": "parties[role=ST]/code"},
                    "ShipToName": {"path": "parties[role=ST]/name"},
                    "BillToCode": {"path": "parties[role=BT]/code"},
                },
                "repeats": {"lines": {"at": "body/rows", "fields": {"UnitPrice": {"as_text": True}}}},
            },
        },
    ),
    "one object": ("truecommerce_856_json", {"json": {"documents": "one"}}),
    "nested rows": (
        "truecommerce_855_parent_child",
        {"document": {"repeats": {"lines": {"repeats": {"answers": {"inline": False, "tag": "A"}}}}}},
    ),
    "address records": (
        "truecommerce_850_parent_child",
        {
            "document": {
                "fields": dict.fromkeys(("ShipToCode", "ShipToName", "ShipToAddress1", "ShipToAddress2"))
                | dict.fromkeys(("ShipToCity", "ShipToState", "ShipToZip", "ShipToCountry"))
                | {"BillToCode": None, "VendorNumber": None},
                "constants": None,
                "repeats": {
                    "parties": {"tag": "A", "fields": {"Role": {"to": "role", "required": True}, "Name": "name"}}
                },
            }
        },
    ),
}


def changed(base: str, change: dict[str, Any]) -> Any:
    raw = _joined(merged_settings(SHIPPED / f"{base}.yaml"), change)
    return compile_layout(LayoutFile.model_validate(raw), "test")


LAYOUTS = {
    **{name: load_layout(name) for name in shipped_names()},
    **{name: changed(base, change) for name, (base, change) in DIALECTS.items()},
}


@pytest.mark.parametrize("name", LAYOUTS)
@settings(
    max_examples=some(15), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_what_is_written_is_read(name: str, data: st.DataObject) -> None:
    layout = LAYOUTS[name]
    given_ = data.draw(documents(layout))
    context = WriteContext(partner="ACME", currency="EUR")
    written = write_documents(given_, layout, context)
    back = list(read_documents(written, layout, currency="EUR"))
    assert [one.document for one in back] == given_
    assert [[f.message for f in one.findings if f.is_error] for one in back] == [[]] * len(given_)
    assert all(one.accepted for one in back)
    assert left_out(given_[0], layout, context) == ()
