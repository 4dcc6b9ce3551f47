"""How lines get their codes of dimensions (cost center, department, location ...), as settings say it."""

from typing import Annotated

from pydantic import Field

from ml_connector.config.base import Settings
from ml_connector.documents.dimensions import NAME

DimensionName = Annotated[str, Field(pattern=NAME)]


class DimensionCoding(Settings):
    """Codes of one dimension."""

    default: str = Field(default="", description="Code of lines that nothing else gives one")
    items: dict[str, str] = Field(default_factory=dict, description="Item code -> code of the dimension")


def one_of(older: str, newer: str, older_key: str, newer_key: str) -> str:
    """What an older and a newer key say of one thing.

    Raises:
        ValueError: they say two things.
    """
    if older and newer and older != newer:
        raise ValueError(f"{older_key} says {older} and {newer_key} says {newer}: leave one of them out")
    return older or newer
