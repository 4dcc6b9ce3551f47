"""The kinds of records that are written, with the company's own names of its transaction definitions (intacct 7)."""

from dataclasses import dataclass, replace

from ml_connector.systems.sage_intacct.posting.writing import Kind
from ml_connector.systems.sage_intacct.settings import IntacctConnection

#: A bill that was taken back or refused is none.
_GONE = frozenset({"Reversed", "Reversal", "Declined"})
#: A payment that was voided paid nothing (intacct 7).
_VOIDED = _GONE | {"Voided", "V"}


@dataclass(frozen=True)
class Kinds:
    """Of one connection."""

    bill: Kind
    adjustment: Kind
    vendor_invoice: Kind
    receipt: Kind
    sale: Kind
    purchase: Kind
    payment: Kind
    journal_entry: Kind

    @property
    def all(self) -> tuple[Kind, ...]:
        """Each of them."""
        return tuple(vars(self).values())

    @classmethod
    def of(cls, settings: IntacctConnection) -> "Kinds":
        """By its settings."""

        def document(kind: str, definition: str, number: str, name: str = "PODOCUMENT") -> Kind:
            return Kind(
                kind=kind,
                object=name,
                party="CUSTVENDID",
                number=number,
                mark=settings.key_field,
                key="DOCID",
                amount="TOTAL",
                definition=definition,
                gone=frozenset({"Declined"}),
            )

        def payable(kind: str, name: str) -> Kind:
            return Kind(
                kind=kind,
                object=name,
                party="VENDORID",
                number="RECORDID",
                mark="DESCRIPTION",
                key="RECORDNO",
                amount="TRX_TOTALENTERED",
                gone=_GONE,
            )

        return cls(
            bill=payable("ap_bill", "APBILL"),
            adjustment=payable("ap_adjustment", "APADJUSTMENT"),
            vendor_invoice=document("vendor_invoice", settings.invoice_definition, "VENDORDOCNO"),
            receipt=document("po_receiver", settings.receipt_definition, "VENDORDOCNO"),
            sale=document("sales_order", settings.sales_definition, "PONUMBER", "SODOCUMENT"),
            purchase=document("purchase_order", settings.order_definitions[0], "PONUMBER"),
            payment=replace(payable("ap_payment", "APPYMT"), number="DOCNUMBER", gone=_VOIDED),
            journal_entry=Kind(
                kind="journal_entry",
                object="GLBATCH",
                party="JOURNAL",
                number="REFERENCENO",
                mark="BATCH_TITLE",
                key="RECORDNO",
                amount="",
            ),
        )
