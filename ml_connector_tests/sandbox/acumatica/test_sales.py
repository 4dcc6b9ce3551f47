"""Sales: orders in, shipments, invoices, credit memos, customers and their sites (acumatica 6 to 8.3)."""

from typing import Any

from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.seed import CUSTOMER, SECOND_CUSTOMER
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, Body, value

ADDRESS = {"AddressLine1": "1 Other Rd", "City": "Waco", "State": "TX", "PostalCode": "76701", "Country": "US"}


def order(*lines: Body, **more: Any) -> Body:
    return {"OrderType": "SO", "CustomerID": CUSTOMER, "Hold": False, "Details": list(lines), **more}


def test_items_are_taken_by_the_customers_own_number_first(acumatica: AcumaticaBench) -> None:
    def item(code: str, customer: str = CUSTOMER) -> Any:
        body = order({"AlternateID": code, "OrderQty": 1}, CustomerID=customer)
        answer = acumatica.put("SalesOrder", body, expand="Details")
        return answer.json()["Details"][0]["InventoryID"].get("value") if answer.status_code == 200 else None

    assert item("HM-RICE5KG") == "RICE5KG"
    assert item("HM-RICE5KG", SECOND_CUSTOMER) is None  # another customer's number
    assert item("G-RICE5KG", SECOND_CUSTOMER) == "RICE5KG"
    assert item("00614141000036") == item("614141000036") == "RICE5KG"


def test_prices_come_from_the_list_unless_they_are_manual_and_units_are_converted(acumatica: AcumaticaBench) -> None:
    def price(**line: Any) -> Any:
        body = order({"InventoryID": "OLIVEOIL1L", "OrderQty": 2, **line})
        return value(acumatica.made("SalesOrder", body, expand="Details")["Details"][0], "UnitPrice")

    assert price() == 94.8  # a case of twelve
    assert price(UOM="EA") == 7.9
    assert price(UOM="EA", UnitPrice=7.5) == 7.9  # replaced without an error
    assert price(UOM="EA", UnitPrice=7.5, ManualPrice=True) == 7.5
    acumatica.switch(price_list_wins=False)
    assert price(UOM="EA", UnitPrice=7.5) == 7.5
    refused = acumatica.refused("SalesOrder", order({"InventoryID": "OLIVEOIL1L", "UOM": "PALLET"}))
    assert refused["Details"][0]["UOM"]["error"] == "UOM 'PALLET' cannot be found in the system."


def test_totals_tax_discounts_and_freight_add_up(acumatica: AcumaticaBench) -> None:
    body = order(
        {"InventoryID": "WIDGET1", "OrderQty": 10, "DiscountPercent": 10},
        {"InventoryID": "RICE5KG", "OrderQty": 1},
        ShippingSettings={"FreightPrice": 12.5},
    )
    made = acumatica.made("SalesOrder", body, select="OrderTotal,TaxTotal,OrderedQty,Status", expand="Totals,Details")
    assert value(made["Totals"], "LineTotalAmount") == 71.85  # 38.25 taxable, 33.60 food
    assert (value(made, "TaxTotal"), value(made, "OrderTotal")) == (3.16, 87.51)
    assert (value(made, "OrderedQty"), value(made, "Status")) == (11.0, "Open")


def test_the_ship_to_is_the_locations_unless_it_is_overridden(acumatica: AcumaticaBench) -> None:
    line = {"InventoryID": "WIDGET1", "OrderQty": 1}
    dropped = acumatica.made("SalesOrder", order(line, ShipToAddress=ADDRESS), expand="ShipToAddress")
    assert value(dropped["ShipToAddress"], "City") == "Austin"
    body = order(line, ShipToAddressOverride=True, ShipToAddress=ADDRESS)
    kept = acumatica.made("SalesOrder", body, expand="ShipToAddress")
    assert value(kept["ShipToAddress"], "City") == "Waco"
    store = acumatica.made("SalesOrder", order(line, LocationID="STORE90"), expand="ShipToAddress", select="TaxTotal")
    assert value(store["ShipToAddress"], "AddressLine1") == "3 Store St"
    assert value(store, "TaxTotal") == 0  # that store's zone has no taxes
    assert (
        "cannot be found" in acumatica.refused("SalesOrder", order(line, LocationID="NOWHERE"))["LocationID"]["error"]
    )


def test_a_customers_order_number_may_be_used_twice_or_not_as_the_type_is_set_up(acumatica: AcumaticaBench) -> None:
    body = order({"InventoryID": "WIDGET1", "OrderQty": 1}, CustomerOrder="PO-7781")
    acumatica.made("SalesOrder", body)
    acumatica.made("SalesOrder", body)
    acumatica.switch(customer_order="forbid", require_customer_order=True)
    assert "PO-7781" in acumatica.refused("SalesOrder", body)["CustomerOrder"]["error"]
    assert acumatica.made("SalesOrder", {**body, "CustomerID": SECOND_CUSTOMER})
    assert "cannot be empty" in acumatica.refused("SalesOrder", order())["CustomerOrder"]["error"]


def test_orders_are_held_on_entry_and_a_credit_limit_holds_them_as_well(acumatica: AcumaticaBench) -> None:
    body = order({"InventoryID": "WIDGET1", "OrderQty": 2000})
    del body["Hold"]
    held = acumatica.made("SalesOrder", body, select="Status,OrderNbr")
    assert value(held, "Status") == "On Hold"
    acumatica.switch(credit_check=True, action_seconds=0)
    key = {"OrderType": "SO", "OrderNbr": value(held, "OrderNbr")}
    assert value(acumatica.made("SalesOrder", {**key, "Hold": False}, select="Status"), "Status") == "Credit Hold"
    acumatica.acted("SalesOrder", "ReleaseFromCreditHoldSalesOrder", key)
    assert value(acumatica.record(f"SalesOrder/SO/{key['OrderNbr']}"), "Status") == "Open"
    acumatica.acted("SalesOrder", "CancelSalesOrder", key)
    assert acumatica.made("SalesOrder", {**key, "CustomerOrder": "X"})["CustomerOrder"] == {}  # locked
    acumatica.acted("SalesOrder", "ReopenSalesOrder", key)


def test_an_order_becomes_a_shipment_and_an_invoice(acumatica: AcumaticaBench) -> None:
    acumatica.switch(action_seconds=0)
    body = order(
        {"InventoryID": "WIDGET1", "OrderQty": 10}, {"InventoryID": "RICE5KG", "OrderQty": 2}, CustomerOrder="PO-1"
    )
    made = acumatica.made("SalesOrder", body, select="OrderNbr")
    key = {"OrderType": "SO", "OrderNbr": value(made, "OrderNbr")}
    acumatica.acted("SalesOrder", "SalesOrderCreateShipment", key, {"WarehouseID": "MAIN"})
    found = acumatica.record(f"SalesOrder/SO/{key['OrderNbr']}", expand="Shipments")
    assert value(found, "Status") == "Shipping"
    number = value(found["Shipments"][0], "ShipmentNbr")
    packed = acumatica.made(
        "Shipment",
        {
            "ShipmentNbr": number,
            "Details": [{"LineNbr": 1, "ShippedQty": 7}],
            "Packages": [{"BoxID": "BOX", "TrackingNbr": "1Z1", "PackageContents": [{"InventoryID": "WIDGET1"}]}],
        },
        select="ShippedQty",
        expand="Details,Packages,Packages/PackageContents",
    )
    assert value(packed, "ShippedQty") == 9.0
    assert value(packed["Packages"][0]["PackageContents"][0], "InventoryID") == "WIDGET1"
    shipment = {"ShipmentNbr": number}
    assert acumatica.act("Shipment", "PrepareInvoice", shipment).status_code == 500  # not confirmed yet
    acumatica.acted("Shipment", "ConfirmShipment", shipment)
    left = acumatica.record(f"SalesOrder/SO/{key['OrderNbr']}", expand="Details")
    assert value(left, "Status") == "Back Order"
    assert [value(line, "OpenQty") for line in left["Details"]] == [3.0, 0.0]
    acumatica.acted("Shipment", "PrepareInvoice", shipment)
    assert acumatica.act("Shipment", "PrepareInvoice", shipment).status_code == 500
    order_row = acumatica.record(f"Shipment/{number}", expand="Orders")["Orders"][0]
    invoice = value(order_row, "InvoiceNbr")
    acumatica.acted("SalesInvoice", "ReleaseSalesInvoice", {"Type": "Invoice", "ReferenceNbr": invoice})
    shown = acumatica.record(f"SalesInvoice/Invoice/{invoice}", expand="Details,TaxDetails")
    assert (value(shown, "Status"), value(shown, "CustomerOrder")) == ("Open", "PO-1")
    lines = sum(value(line, "Amount") for line in shown["Details"])
    assert round(lines + sum(value(tax, "TaxAmount") for tax in shown["TaxDetails"]), 2) == value(shown, "Amount")
    assert {value(line, "ShipmentNbr") for line in shown["Details"]} == {number}


def test_sales_invoices_stand_in_invoice_as_well_under_the_same_numbers(acumatica: AcumaticaBench) -> None:
    (sold,) = acumatica.sandbox.call(user.sell, acumatica.state)
    number = sold.text("ReferenceNbr")
    sales, plain = (acumatica.record(f"{entity}/Invoice/{number}") for entity in ("SalesInvoice", "Invoice"))
    assert value(sales, "Amount") == value(plain, "Amount")
    assert (sales["CustomerID"], sales["Status"]) == (plain["Customer"], plain["Status"])
    kept = acumatica.made("Invoice", {"Type": "Invoice", "ReferenceNbr": number, "CustomerOrder": "X"})
    assert kept["CustomerOrder"] == plain["CustomerOrder"]  # it is changed on its own screen
    body = {"Customer": CUSTOMER, "Hold": False, "Details": [{"Account": "40000", "Qty": 1, "UnitPrice": 9}]}
    alone = acumatica.made("Invoice", body, select="ReferenceNbr,Status,Amount")
    assert (value(alone, "Status"), value(alone, "Amount")) == ("Balanced", 9.0)
    assert acumatica.call("GET", f"SalesInvoice/Invoice/{value(alone, 'ReferenceNbr')}").status_code == 500
    memo = acumatica.sandbox.call(user.credit, acumatica.state, number)
    credit = acumatica.record(f"SalesInvoice/Credit Memo/{memo.text('ReferenceNbr')}", expand="Details")
    assert {value(line, "OrigInvNbr") for line in credit["Details"]} == {number}


def test_a_customer_is_made_from_its_class_with_a_first_location(acumatica: AcumaticaBench) -> None:
    body = {"CustomerName": "New Market", "CustomerClass": "SMALL", "MainContact": {"Email": "n@example.com"}}
    made = acumatica.made("Customer", body, select="CustomerID,Terms,CurrencyID,Status", expand="MainContact")
    assert (value(made, "Terms"), value(made, "CurrencyID"), value(made, "Status")) == ("10D", "USD", "Active")
    assert value(made["MainContact"], "Email") == "n@example.com"
    code = value(made, "CustomerID")
    assert value(acumatica.record(f"CustomerLocation/{code}/MAIN"), "Active") is True
    assert "cannot be found" in str(acumatica.refused("Customer", {**body, "CustomerClass": "NONE"}))
    assert "cannot be empty" in str(acumatica.refused("Customer", {"CustomerClass": "SMALL"}))
    site = {"Customer": code, "LocationID": "S1", "LocationName": "Site 1", "ExtRefNbr": "77"}
    acumatica.made("CustomerLocation", site)
    assert len(acumatica.rows("CustomerLocation", filter=f"Customer eq '{code}' and ExtRefNbr eq '77'")) == 1


def test_lines_that_are_on_shipments_keep_at_least_that_quantity(fresh: AcumaticaBench) -> None:
    fresh.switch(action_seconds=0)
    made = fresh.made("SalesOrder", order({"InventoryID": "WIDGET1", "OrderQty": 10}), select="OrderNbr")
    key = {"OrderType": "SO", "OrderNbr": value(made, "OrderNbr")}
    fresh.acted("SalesOrder", "SalesOrderCreateShipment", key)
    dropped = fresh.made("SalesOrder", {**key, "Details": [{"LineNbr": 1, "OrderQty": 12}]}, expand="Details")
    assert value(dropped["Details"][0], "OrderQty") == 10.0  # an order that is being shipped is locked
    number = value(fresh.record(f"SalesOrder/SO/{key['OrderNbr']}", expand="Shipments")["Shipments"][0], "ShipmentNbr")
    fresh.made("Shipment", {"ShipmentNbr": number, "Details": [{"LineNbr": 1, "ShippedQty": 4}]})
    fresh.acted("Shipment", "ConfirmShipment", {"ShipmentNbr": number})
    refused = fresh.refused("SalesOrder", {**key, "Details": [{"LineNbr": 1, "OrderQty": 3}]})
    assert "less than" in refused["Details"][0]["OrderQty"]["error"]
    fresh.acted("Shipment", "CorrectShipment", {"ShipmentNbr": number})
    back = fresh.record(f"SalesOrder/SO/{key['OrderNbr']}", expand="Details")
    assert (value(back, "Status"), value(back["Details"][0], "QtyOnShipments")) == ("Shipping", 0.0)


def test_a_line_that_is_completed_by_hand_is_open_no_more(acumatica: AcumaticaBench) -> None:
    lines = [{"InventoryID": "WIDGET1", "OrderQty": 1}, {"InventoryID": "NAPKINS", "OrderQty": 1}]
    made = acumatica.made("SalesOrder", order(*lines), select="OrderNbr")
    for number, status in ((1, "Open"), (2, "Completed")):
        body = {"OrderNbr": value(made, "OrderNbr"), "Details": [{"LineNbr": number, "Completed": True}]}
        after = acumatica.made("SalesOrder", body, select="Status", expand="Details")
        assert (value(after, "Status"), value(after["Details"][number - 1], "OpenQty")) == (status, 0)
