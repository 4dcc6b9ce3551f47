"""Codes of dimensions by name: records of older releases are read and written as they were."""

import json
from decimal import Decimal

import pytest

from ml_connector.documents.common import Record
from ml_connector.documents.dimensions import as_fields, in_words, table_of
from ml_connector.documents.erp_postings import Bill, BillLine
from ml_connector.documents.records import as_json, from_json, stored_values
from ml_connector.documents.reference import GLAccount, Item, OpenOrder, Requirement, Vendor
from ml_connector.flows.invoices_in.matching import MatchedInvoice

# What releases before dimensions had names stored, to the letter.
STORED: list[tuple[type[Record], str]] = [
    (
        MatchedInvoice,
        '{"vendor_id":"v1","vendor_code":"20011","mode":"matched","credit":false,"currency":"EUR","lines":[{"number":1,'
        '"order_number":"26000017","order_line_id":"line1","item_id":"item1","item_code":"A-1","quantity":"100",'
        '"unit_price":"12.50","amount":"1250.00","description":"","cost_center":"OPS","cost_unit":"","taxes":[]}],'
        '"charges":[],"total":"1512.50","vat_total":"262.50","rounding":"0.00","warehouse_id":"w1"}',
    ),
    (
        Bill,
        '{"mode":"coded","vendor_id":"v1","vendor_code":"20011","number":"INV-1","invoice_date":"2026-11-20",'
        '"currency":"EUR","credit":false,"order_number":"26000017","order_numbers":["26000017"],"original_invoice":"",'
        '"description":"Invoice INV-1","total":"1512.50","vat_total":"262.50","due_date":null,"discount_percent":null,'
        '"discount_until":null,"told":[],"warehouse_id":"w1","attach_original":false,"attachment_sha256":"",'
        '"attachment_name":"","lines":[{"number":1,"order_number":"26000017","order_line_id":"line1","item_id":"",'
        '"gl_account_id":"g4000","gl_account_code":"4000","quantity":"100","unit_price":"12.50","amount":"1250.00",'
        '"vat_code":"2","vat_amount":"262.50","vat_including":false,"cost_center":"OPS","cost_unit":"",'
        '"description":"","charge_code":""}]}',
    ),
    (
        OpenOrder,
        '{"id":"o1","number":"26000017","order_date":"2026-11-01","supplier_id":"v1","supplier_code":"20011",'
        '"supplier_name":"","currency":"EUR","warehouse_id":"w1","warehouse_code":"1","description":"",'
        '"your_reference":"","remarks":"","receipt_date":null,"payment_condition":"","payment_terms":"","incoterm":"",'
        '"incoterm_place":"","incoterm_version":"","shipping_method":{"id":"","name":""},"buyer":{"id":"","name":""},'
        '"supplier_contact":{"id":"","name":""},"discount":"0","discount_amount":"0","drop_shipment":false,'
        '"delivery":null,"unsent":[],"approved":true,"cancelled":false,"complete":false,"lines":[{"id":"line1",'
        '"number":1,"item_id":"item1","item_code":"A-1","suppliers_item":"NW-1","barcode":"","description":"",'
        '"item_description":"","unit":"pc","quantity":"100","received":"100","invoiced":"0","price":"12.50",'
        '"vat_code":"2","cost_center":"OPS","cost_unit":"","receipt_date":null,"notes":""}]}',
    ),
    (
        GLAccount,
        '{"id":"g","code":"4000","description":"","blocked":false,"cost_center":"optional","cost_unit":"mandatory",'
        '"vat_code":""}',
    ),
    (
        Vendor,
        '{"id":"v1","code":"20011","name":"Northwind","blocked":false,"country":"NL","vat_number":"",'
        '"currency":"EUR","gl_account":"","vat_code":"","payment_condition":""}',
    ),
    (Item, '{"id":"i","code":"A","description":"","unit":"","barcode":"","gl_account":"","stock":false}'),
]


@pytest.mark.parametrize(("model", "text"), STORED, ids=lambda one: getattr(one, "__name__", ""))
def test_what_older_releases_stored_says_and_hashes_the_same(model: type[Record], text: str) -> None:
    """Snapshots are hashed with sorted keys: not one key more, or every table would be new once."""
    record = from_json(model, text)
    assert stored_values(record) == json.loads(text)
    assert from_json(model, as_json(record)) == record


def test_an_old_rows_cost_center_is_a_dimension_like_any_other() -> None:
    bill = from_json(Bill, STORED[1][1])
    assert bill.lines[0].dimensions == {"cost_center": "OPS"}


def test_codes_go_round_whatever_the_dimensions_are() -> None:
    codes = {"cost_center": "OPS", "department": "10", "location": ""}
    line = BillLine(number=1, quantity=Decimal(1), amount=Decimal(1), **as_fields(codes))
    assert line.cost_center == "OPS"
    assert line.dimensions == {"cost_center": "OPS", "department": "10"}
    assert from_json(BillLine, as_json(line)) == line


def test_an_account_says_what_it_wants_of_each_dimension() -> None:
    account = GLAccount(
        id="g", code="4000", cost_unit=Requirement.MANDATORY, other_dimensions={"department": Requirement.MANDATORY}
    )
    wanted = [name for name in ("cost_center", "cost_unit", "department", "location")
              if account.requirement(name) is Requirement.MANDATORY]  # fmt: skip
    assert wanted == ["cost_unit", "department"]


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        ("cost_center", "cost_centers", "cost center"),
        ("cost_unit", "cost_units", "cost unit"),
        ("class", "classes", "class"),
        ("territory", "territories", "territory"),
        ("department", "departments", "department"),
        ("branch", "branches", "branch"),
    ],
)
def test_a_dimension_has_a_table_and_a_name_in_words(name: str, table: str, words: str) -> None:
    assert (table_of(name), in_words(name)) == (table, words)
