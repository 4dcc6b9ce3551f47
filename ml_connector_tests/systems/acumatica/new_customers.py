"""Customers to create."""

from typing import Any

from ml_connector.documents.sales.orders import NewCustomer


def new_customer(**more: Any) -> NewCustomer:
    values: dict[str, Any] = {
        "code": "C000888", "reference": "4711-8", "customer_class": "GROCERY", "name": "Corner Foods", "city": "Waco",
    }  # fmt: skip
    return NewCustomer(**{**values, **more})
