"""Refusals as Exact gives them: status, JSON message, Reason header (exact-online 6)."""

from collections.abc import Sequence

# English and Dutch, as the user's language decides (exact-online 6: business errors are localised).
_TEXTS = {
    "mandatory": ("Mandatory: {0}", "Verplicht: {0}"),
    "invalid_reference": ("Invalid reference: {0}", "Ongeldige referentie: {0}"),
    "exists": ("Data already exists.", "Gegeven bestaat reeds."),
    "blocked": ("Blocked: {0}", "Geblokkeerd: {0}"),
    "inactive": ("Not active: {0}", "Niet actief: {0}"),
    "period_closed": ("Period is closed: {0}", "Periode is afgesloten: {0}"),
    "over_receipt": (
        "Quantity received exceeds the quantity ordered: {0}",
        "Aantal ontvangen is groter dan aantal besteld: {0}",
    ),
    "invalid": ("Invalid: {0}", "Ongeldig: {0}"),
    "not_balanced": ("Entry is not in balance", "Boeking is niet in evenwicht"),
    "in_use": ("Not possible, in use: {0}", "Niet mogelijk, in gebruik: {0}"),
    "processed": ("Entry has been processed: {0}", "Boeking is verwerkt: {0}"),
    "callback": (
        "Invalid: Post to callback URL endpoint returns {0}",
        "Ongeldig: Post naar callback-URL geeft {0}",
    ),
    "different": ("Must be the same for all lines: {0}", "Moet gelijk zijn voor alle regels: {0}"),
}
_LABELS_NL = {
    "Supplier": "Leverancier",
    "Relationship": "Relatie",
    "Lines": "Regels",
    "G/L account": "Grootboekrekening",
    "Cost center": "Kostenplaats",
    "Cost unit": "Kostendrager",
    "Journal": "Dagboek",
    "Item": "Artikel",
    "Warehouse": "Magazijn",
    "Description": "Omschrijving",
    "Amount": "Bedrag",
    "Quantity": "Aantal",
    "VAT code": "Btw-code",
    "Payment condition": "Betalingsconditie",
    "Currency": "Valuta",
    "Purchase order": "Inkooporder",
    "Purchase order line": "Inkooporderregel",
    "Document": "Document",
    "Date": "Datum",
    "Your reference": "Uw ref.",
    "Name": "Naam",
    "Code": "Code",
}


class ApiError(Exception):
    """An answer other than success. `message` None means an empty body."""

    def __init__(self, status: int, message: str | None = None, *, reason: str | None = None) -> None:
        super().__init__(message or str(status))
        self.status = status
        self.message = message
        self.reason = reason

    def text(self, language: str) -> str | None:  # noqa: ARG002 - the business kind translates
        return self.message


class BusinessError(ApiError):
    """Business validation: 500 with one line per finding, in the user's language."""

    def __init__(self, *findings: tuple[str, str]) -> None:
        super().__init__(500, "; ".join(f"{key}: {label}" for key, label in findings))
        self.findings: Sequence[tuple[str, str]] = findings

    def text(self, language: str) -> str:
        return "\r\n".join(_line(key, label, language) for key, label in self.findings)


def _line(key: str, label: str, language: str) -> str:
    english, dutch = _TEXTS[key]
    if language == "nl":
        return dutch.format(_LABELS_NL.get(label, label))
    return english.format(label)


def query_error() -> ApiError:
    return ApiError(400, "Bad Request - Error in query syntax.")


def not_boolean() -> ApiError:
    return ApiError(400, "Expression of type 'System.Boolean' expected at position 0.")


def select_needed() -> ApiError:
    return ApiError(400, "Please add a $select or a $top=1 statement to the query string.")


def filter_needed(fields: str) -> ApiError:
    return ApiError(
        400,
        "This endpoint has mandatory filtering applied. A GET request for this endpoint must have a $filter "
        f"parameter with one of the following fields in the url: {fields}",
    )


def bad_stream() -> ApiError:
    return ApiError(400, "Error processing request stream. The request should be a valid top-level resource object.")


def unknown_property(name: str, model: str) -> ApiError:
    return ApiError(
        400,
        f"Error processing request stream. The property name '{name}' specified for type '{model}' is not valid.",
    )


def bad_value(name: str, edm: str) -> ApiError:
    return ApiError(
        400,
        "Error processing request stream. Error encountered in converting the value from request payload "
        f"for property '{name}' to type 'Edm.{edm}'.",
    )
