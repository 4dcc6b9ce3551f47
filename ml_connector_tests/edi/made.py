"""Hypothesis strategies for documents of every kind, as flows and partners make them."""

from typing import Any

from hypothesis import strategies as st

from ml_connector_tests.edi.made_answers import advices, functional, remittances
from ml_connector_tests.edi.made_trade import acknowledgments, changes, invoices, notices, orders

ALL: dict[str, st.SearchStrategy[Any]] = {
    "850": orders,
    "860": changes,
    "855 and 865": acknowledgments(),
    "810": invoices(),
    "856": notices(),
    "820": remittances,
    "824": advices,
    "997": functional,
}
