"""Documents for ledger tests."""

from typing import Any

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import Actor, Added, Move, NewDocument
from ml_connector.ledger.work.states import DocumentState as S

BY = Actor("worker one", "run-1", "exact_cleo/invoices_810")


def invoice(number: str = "INV-1", **values: Any) -> NewDocument:
    """A parsed invoice of partner acme."""
    given: dict[str, Any] = {
        "kind": DocumentKind.INVOICE,
        "direction": Direction.IN,
        "flow": "invoices_in",
        "integration": "exact_cleo",
        "connection": "exact_nl",
        "system": "exact_online",
        "company": "123",
        "network": "cleo_prod",
        "partner": "acme",
        "partner_key": "ZZ/ACME",
        "number": number,
        "state": S.PARSED,
        "canonical": f'{{"number":"{number}"}}',
        "content_hash": f"hash of {number}",
        "business_key": f"exact_online/123/ZZ/ACME|invoice|{number}|0",
        "action": "parsed",
    }
    return NewDocument(**{**given, **values})


def order(number: str = "PO-1", **values: Any) -> NewDocument:
    """An order read from the ERP."""
    given: dict[str, Any] = {
        "kind": DocumentKind.ORDER,
        "direction": Direction.OUT,
        "flow": "orders_out",
        "state": S.READ,
        "order_number": number,
        "business_key": f"exact_online/123|order|{number}|{values.get('revision', 0)}",
    }
    return invoice(number, **{**given, **values})


def add(ledger: Ledger, *new: NewDocument) -> list[Added]:
    """Add documents (one invoice when none is given)."""
    with ledger.write() as tx:
        return documents.add_documents(tx, list(new) or [invoice()], BY)


def walk(ledger: Ledger, document_id: int, *states: S, **changes: Any) -> None:
    """Move a document through states; `changes` with the last move."""
    moves = [Move(document_id, state, str(state)) for state in states[:-1]]
    moves.append(Move(document_id, states[-1], str(states[-1]), changes=changes))
    with ledger.write() as tx:
        documents.move(tx, moves, BY)
