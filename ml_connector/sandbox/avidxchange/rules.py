"""What is taken there and what is refused, whichever way it comes."""

import base64
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.avidxchange.state import AvidState, Row, external_id, money


def created(state: AvidState, name: str, body: Row) -> tuple[bool, Any]:
    if state.options.refuses_same and external_id(body) and state.by_external_id(name, external_id(body)):
        return False, f"ExternalIdentifier {external_id(body)} exists"
    why = wrong(state, name, body)
    if why:
        return False, why
    kept = dict(body)
    image = kept.pop("Image", None)
    if name == "invoices":
        kept.setdefault("Status", {"Id": 1, "Description": "Pending Approval"})
    made = state.add(name, kept)
    if image:
        state.images[str(made["Id"])] = base64.b64decode(image)
    return True, shown(name, made)


def wrong(state: AvidState, name: str, body: Row) -> str:
    """Why an item is refused; the HTTP status does not tell (avidxchange 3)."""
    if name == "invoices":
        vendor = (body.get("BuyerVendor") or {}).get("VendorExternalSystemID", "")
        if not state.by_external_id("vendors", vendor):
            return f"vendor {vendor or '(none)'} does not exist"
        lines = body.get("Distributions") or []
        if lines and sum((money(line["Amount"]) for line in lines), Decimal(0)) != money(body["GrossAmount"]):
            return "the distributions do not come to GrossAmount"
    if name == "vendors" and not body.get("Name"):
        return "Name is mandatory"
    if name == "glaccounts" and len(str(body.get("Description", ""))) > 50:
        return "Description is longer than 50 characters"
    return ""


def shown(name: str, row: Row) -> Row:
    """A record as it is told."""
    hidden = {"Image"} if name == "invoices" else {"Invoices", "Exported"}
    return {key: value for key, value in row.items() if key not in hidden}
