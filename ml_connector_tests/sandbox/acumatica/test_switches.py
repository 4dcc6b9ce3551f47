"""What nobody has found out is a switch (acumatica 12): both of its positions."""

from typing import Any

import pytest

from ml_connector.sandbox.acumatica.seed import BY_RECEIPT, CUSTOMER, SERVICES
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, bearer, value


def refresh(bench: AcumaticaBench, tokens: dict[str, Any]) -> Any:
    return bench.ask_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])


def test_a_spent_refresh_token_may_be_answered_again(fresh: AcumaticaBench) -> None:
    tokens = fresh.authorize()
    fresh.switch(spent_refresh="accepted")
    assert [refresh(fresh, tokens).status_code for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(("sliding", "status"), [(False, 400), (True, 200)])
def test_the_chain_of_refresh_tokens_ends_at_its_age_or_slides(
    fresh: AcumaticaBench, sliding: bool, status: int
) -> None:
    fresh.switch(refresh_sliding=sliding)
    tokens = fresh.authorize()
    fresh.clock.move(20 * 24 * 3600)
    tokens = refresh(fresh, tokens).json()
    fresh.clock.move(20 * 24 * 3600)
    assert refresh(fresh, tokens).status_code == status


def test_a_token_may_live_on_after_a_log_out_and_takes_a_new_seat(fresh: AcumaticaBench) -> None:
    fresh.switch(token_after_logout="alive")
    fresh.http.post("/entity/auth/logout", headers=fresh.headers)
    assert fresh.state.sessions.living() == []
    assert fresh.call("GET", "Warehouse").status_code == 200
    assert len(fresh.state.sessions.living()) == 1


def test_a_401_may_have_no_body(acumatica: AcumaticaBench) -> None:
    acumatica.switch(unauthorized_body=False)
    answer = acumatica.call("GET", "Warehouse", headers={"Authorization": "Bearer nobody"})
    assert (answer.status_code, answer.content) == (401, b"")


def test_orders_of_lists_are_ignored_or_refused(acumatica: AcumaticaBench) -> None:
    ordered = {"$orderby": "AccountCD desc"}
    assert acumatica.call("GET", "Account", params=ordered).json()[0]["AccountCD"] == {"value": "10100"}
    acumatica.switch(orderby="refused")
    assert acumatica.call("GET", "Account", params=ordered).status_code == 500


def test_a_locked_form_may_be_told_with_another_status(acumatica: AcumaticaBench) -> None:
    acumatica.switch(action_seconds=5.0, lock_status=422)
    body = {"Vendor": SERVICES, "Hold": False, "Details": [{"Account": "61000", "Qty": 1, "UnitCost": 1}]}
    made = acumatica.made("Bill", body, select="ReferenceNbr")
    acumatica.act("Bill", "ReleaseBill", {"ReferenceNbr": value(made, "ReferenceNbr")})
    assert acumatica.call("GET", "Bill").status_code == 422


@pytest.mark.parametrize(
    ("switch", "entity", "body"),
    [
        ("hold_bills", "Bill", {"Vendor": SERVICES, "Details": []}),
        ("hold_receipts", "PurchaseReceipt", {"VendorID": BY_RECEIPT, "Details": []}),
        ("hold_orders", "PurchaseOrder", {"VendorID": BY_RECEIPT, "Details": []}),
        ("hold_sales_orders", "SalesOrder", {"CustomerID": CUSTOMER, "Details": []}),
        ("hold_bills", "Invoice", {"Customer": CUSTOMER, "Details": []}),
    ],
)
def test_documents_are_held_on_entry_where_the_site_is_set_up_so(
    acumatica: AcumaticaBench, switch: str, entity: str, body: dict[str, Any]
) -> None:
    assert value(acumatica.made(entity, body, select="Status"), "Status") == "On Hold"
    acumatica.switch(**{switch: False})
    assert value(acumatica.made(entity, body, select="Status"), "Status") in {"Balanced", "Open"}


def test_receipts_make_bills_by_themselves_where_the_site_is_set_up_so(acumatica: AcumaticaBench) -> None:
    body = {"VendorID": BY_RECEIPT, "Details": []}
    assert value(acumatica.made("PurchaseReceipt", body, select="CreateBill"), "CreateBill") is True
    acumatica.switch(create_bill_on_receipt=False)
    assert value(acumatica.made("PurchaseReceipt", body, select="CreateBill"), "CreateBill") is False


def test_alternate_numbers_may_not_be_taken_on_input(acumatica: AcumaticaBench) -> None:
    body = {"CustomerID": CUSTOMER, "Details": [{"AlternateID": "HM-RICE5KG", "OrderQty": 1}]}
    acumatica.made("SalesOrder", body)
    acumatica.switch(alternate_on_input=False)
    assert "cannot be empty" in str(acumatica.refused("SalesOrder", body))


def test_the_users_time_zone_decides_how_days_are_written(acumatica: AcumaticaBench) -> None:
    acumatica.switch(time_zone="America/New_York")
    year = acumatica.clock.now().year
    made = acumatica.made("Bill", {"Vendor": SERVICES, "Date": f"{year}-01-15", "Details": []})
    assert value(made, "Date") == f"{year}-01-15T00:00:00-05:00"


def test_invoices_of_both_screens_draw_from_one_sequence(acumatica: AcumaticaBench) -> None:
    numbers = [
        value(acumatica.made("Invoice", {"Customer": CUSTOMER, "Details": []}, select="ReferenceNbr"), "ReferenceNbr"),
        value(
            acumatica.made("SalesInvoice", {"CustomerID": CUSTOMER, "Details": []}, select="ReferenceNbr"),
            "ReferenceNbr",
        ),
    ]
    assert int(numbers[1]) == int(numbers[0]) + 1


def test_a_token_works_for_its_hour(fresh: AcumaticaBench) -> None:
    fresh.switch(access_seconds=60)
    fresh.headers = bearer(fresh.password_token().json())
    fresh.clock.move(30)
    assert fresh.call("GET", "Warehouse").status_code == 200
    fresh.clock.move(31)
    assert fresh.call("GET", "Warehouse").status_code == 401
