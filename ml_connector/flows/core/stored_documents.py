"""Documents as the ledger keeps them, read back as their models."""

from typing import TypeVar

from ml_connector.documents.common import DocumentKind, Record
from ml_connector.documents.json import load
from ml_connector.errors import WeAreWrong

D = TypeVar("D", bound=Record)


def stored(kind: DocumentKind, text: str, model: type[D]) -> D:
    """A stored document of a kind.

    Raises:
        WeAreWrong: what is stored is another kind of document.
    """
    document = load(kind, text)
    if not isinstance(document, model):
        raise WeAreWrong(f"A stored {kind} is a {type(document).__name__}, not a {model.__name__}.")
    return document
