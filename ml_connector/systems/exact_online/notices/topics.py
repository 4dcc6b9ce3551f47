"""Webhook topics that flows make use of: orders that were changed, invoices keyed by hand (exact-online 8.4)."""

from ml_connector.flows.core.ports.records import Notices

#: A deletion is told with the action Delete (exact-online 8.2).
ORDERS = Notices("PurchaseOrders", deletion="Delete")
ENTRIES = Notices("PurchaseEntries")
#: The same topic for whoever sends booked invoices on.
ENTERED = Notices(ENTRIES.topic, deletion="Delete")
TOPICS = (ORDERS.topic, ENTRIES.topic)
