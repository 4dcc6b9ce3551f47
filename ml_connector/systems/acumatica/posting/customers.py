"""Customers that are created with their first order (acumatica 5, 7): looked for before, compared afterwards.

A site may give another number than the one wanted (acumatica 5, assumed): a customer is found by either of them, its
own number there or what we keep as its number for us. The class says everything that the order does not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ml_connector.documents.sales.orders import NewCustomer
from ml_connector.errors import OutcomeUnknown, RefusedBySystem
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.systems.acumatica.posting.comparing import differences
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.filters import any_of, equals
from ml_connector.systems.acumatica.wire.values import Row, body_of, text, to_json, wrapped

ENTITY = "Customer"
KIND = "customer"
_FIELDS = ("CustomerID", "CustomerName", "CustomerClass", "AccountRef", "Status")
REPLY = Query(select=_FIELDS, expand=("MainContact", "MainContact/Address"))
NEEDS = (Need("customers created with sales orders in", ENTITY, _FIELDS),)
#: Where the number of a new customer goes in the order behind it.
USES = "put.CustomerID.value"


def plan_customer(new: NewCustomer, settings: AcumaticaConnection) -> PlannedOperation:
    """Its creation; done again it is the same customer."""
    street = (*new.street, "", "")
    address = {
        "AddressLine1": street[0],
        "AddressLine2": ", ".join(one for one in street[1:] if one),
        "City": new.city,
        "State": new.region,
        "PostalCode": new.postal_code,
        "Country": new.country,
    }
    contact = {"CompanyName": new.name, "Attention": new.contact, "Address": _filled(address)}
    values = {
        "CustomerID": new.code,
        "CustomerName": new.name,
        "CustomerClass": new.customer_class,
        "AccountRef": new.reference,
    }
    put = {**_filled(values), "MainContact": {name: value for name, value in contact.items() if value}}
    payload = to_json({"put": wrapped(put)})
    return PlannedOperation(KIND, f"{settings.company}/{ENTITY}", payload, ref=new.code or new.reference, shares=True)


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


class CustomerWriter:
    """Creates customers, and looks for them. headers: of every write, as the branch of the call."""

    def __init__(self, client: AcumaticaClient, headers: Callable[[], Mapping[str, str]]) -> None:
        self._client = client
        self._headers = headers

    def write(self, operation: StoredOperation) -> Written:
        """Create a customer, unless it is there.

        Raises:
            RefusedBySystem: it was refused, or is kept otherwise. OutcomeUnknown, TryAgain: as ever.
        """
        put = body_of(operation.payload)["put"]
        there = self._find(put)
        if there is not None:
            return _written(there, "it was there already")
        row = self._client.put(ENTITY, to_json(put), REPLY, headers=self._headers())
        # Another number than the one wanted is the site's to give.
        wrong = differences({name: value for name, value in put.items() if name != "CustomerID"}, row)
        if wrong:
            raise RefusedBySystem(
                f"{self._client.connection}: Acumatica keeps another customer than the order's is: "
                f"{'; '.join(wrong[:5])}.",
                remedy="Correct the customer in Acumatica, then replay the order: it takes the customer as it is.",
                data={"customer": text(row, "CustomerID"), "differences": wrong[:20]},
            )
        if not text(row, "CustomerID"):
            raise OutcomeUnknown(
                f"{self._client.connection}: PUT {ENTITY} was answered without a number.",
                remedy="It is looked up before it is sent again.",
            )
        return _written(row)

    def _find(self, put: Mapping[str, Any]) -> Row | None:
        """The customer by its number or by ours for it.

        Raises:
            RefusedBySystem: there are several.
        """
        named = [(name, put[name]["value"]) for name in ("CustomerID", "AccountRef") if name in put]
        condition = any_of([equals(name, value) for name, value in named])
        rows = self._client.rows(ENTITY, Query(filter=condition, select=_FIELDS, top=3))
        if len(rows) > 1:
            numbers = sorted(text(row, "CustomerID") for row in rows)
            raise RefusedBySystem(
                f"{self._client.connection}: several customers are {' or '.join(value for _, value in named)}: "
                f"{', '.join(numbers)}.",
                remedy="Correct their Account Ref in Acumatica or `customer` in the partner's file, then replay.",
                data={"customers": numbers},
            )
        return rows[0] if rows else None

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Those of these customers that are there."""
        found = {one.id: self._find(body_of(one.payload)["put"]) for one in operations}
        return {number: _written(row) for number, row in found.items() if row is not None}


def _written(row: Row, note: str = "") -> Written:
    detail = {"customer": text(row, "CustomerID"), "name": text(row, "CustomerName")}
    return Written(text(row, "CustomerID"), {**detail, **({"note": note} if note else {})})
