"""Words of these tests: a customer's own settings, why an invoice is held, one that was changed."""

from typing import Any

from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.builders import D
from ml_connector_tests.flows.selling import SalesOffice, invoice, line


def own(**settings: Any) -> dict[str, Any]:
    """What the customer's file says of its invoices."""
    return {"sales_invoices": settings}


def held(office: SalesOffice, number: str = "AR001") -> tuple[str, str]:
    """Why a document is held: reason and message."""
    row = office.row(number)
    assert row.state is S.QUARANTINED, (row.state, row.reason_detail)
    detail = row.reason_detail or {}
    assert detail["mend"]
    return str(row.reason), detail["message"]


def changed() -> Any:
    return invoice(line(price=D("12.60"), amount=D("126.00")), total=D("142.54"))
