"""Files by hand, for tests that damage them."""

from pathlib import Path
from typing import Any

from ml_connector.layouts import Layout, ReadDocument, load_layout, read_documents
from ml_connector.layouts.spec.compiler import compile_layout
from ml_connector.layouts.spec.loading import SHIPPED, _joined, merged_settings
from ml_connector.layouts.spec.model import LayoutFile

HEAD = (
    "TradingPartner,InvoiceNumber,InvoiceDate,PONumber,PODate,Currency,Terms,DueDate,SubTotal,Tax,Freight,Total,"
    "LineNumber,VendorItem,Quantity,UOM,UnitPrice,Extended"
)
ROW = "ACME,{number},2026-11-21,4711,,EUR,,,30,,,30,{line},A-1,3,EA,10,30"
JSON_ONE = (
    '{"header": {"InvoiceNumber": "I1", "InvoiceDate": "2026-11-21", "Currency": "EUR", "Total": 30}, "lines": []}'
)
XML_ONE = (
    "<Invoices><Invoice><Header><InvoiceNumber>I1</InvoiceNumber><InvoiceDate>2026-11-21</InvoiceDate>"
    "<Currency>EUR</Currency><Total>30</Total></Header></Invoice></Invoices>"
)


def changed(base: str, change: dict[str, Any]) -> Layout:
    """A shipped layout with changes, as a file that extends it would make it."""
    raw = _joined(merged_settings(SHIPPED / f"{base}.yaml"), change)
    return compile_layout(LayoutFile.model_validate(raw), "test")


def csv_rows(*rows: str) -> bytes:
    return "\r\n".join([HEAD, *rows, ""]).encode()


def row(number: str = "I1", line: str = "1", **changes: str) -> str:
    """A good invoice row; keyword arguments replace cells by heading."""
    cells = dict(zip(HEAD.split(","), ROW.format(number=number, line=line).split(","), strict=True))
    return ",".join((cells | changes).values())


def read(data: bytes | str, layout: str | Layout = "truecommerce_810_csv", **options: Any) -> list[ReadDocument]:
    loaded = layout if isinstance(layout, Layout) else load_layout(layout)
    return list(read_documents(data if isinstance(data, bytes) else data.encode(), loaded, **options))


def errors(one: ReadDocument) -> list[str]:
    return [finding.message for finding in one.findings if finding.is_error]


def layout_file(folder: Path, text: str, name: str = "mine") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return file
