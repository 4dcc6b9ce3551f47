"""Layouts: CSV, XML, JSON, fixed-width and parent-child files to business documents and back, by configuration.

    from ml_connector.layouts import load_layout, read_documents, write_documents
    layout = load_layout("truecommerce_810_csv")
    for one in read_documents(data, layout):
        print(one.accepted, one.document, one.findings)
    data = write_documents([order], load_layout("truecommerce_850_csv"))

What a layout file can say stands in docs/layouts.md.
"""

from ml_connector.layouts.convert.from_documents import WriteContext
from ml_connector.layouts.reading import ReadDocument, read_documents, recognised
from ml_connector.layouts.spec.compiled_layout import Layout
from ml_connector.layouts.spec.loading import load_layout, shipped_names
from ml_connector.layouts.values.findings import LayoutFinding, LayoutPlace
from ml_connector.layouts.writing import left_out, write_documents

__all__ = [
    "Layout",
    "LayoutFinding",
    "LayoutPlace",
    "ReadDocument",
    "WriteContext",
    "left_out",
    "load_layout",
    "read_documents",
    "recognised",
    "shipped_names",
    "write_documents",
]
