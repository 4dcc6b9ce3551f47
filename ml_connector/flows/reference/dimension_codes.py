"""Where a line's code of a dimension comes from: the first place, in the order of docs/coding.md, that says one."""

from collections.abc import Iterator

from ml_connector.config.integrations import Coding
from ml_connector.config.partners import Partner
from ml_connector.documents.reference import Item, Vendor

#: A code and where it stands, in words.
Place = tuple[str, str]


def places_of(
    dimension: str,
    on_order: str,
    item_code: str,
    item: Item | None,
    vendor: Vendor | None,
    partner: Partner | None,
    coding: Coding,
) -> Iterator[Place]:
    """Every place that may say the code, whether it does or not. on_order: the order line's code."""
    by_item, default = coding.dimension_keys(dimension)
    yield on_order, "the order line"
    yield coding.of_item(dimension, item_code), f"coding.{by_item}"
    yield item.dimensions.get(dimension, "") if item is not None else "", "the item in the ERP"
    yield vendor.dimensions.get(dimension, "") if vendor is not None else "", "the vendor in the ERP"
    yield partner.dimension(dimension) if partner is not None else "", f"{dimension} of the partner"
    yield coding.otherwise(dimension), f"coding.{default}"


def code_of(
    dimension: str,
    on_order: str,
    item_code: str,
    item: Item | None,
    vendor: Vendor | None,
    partner: Partner | None,
    coding: Coding,
) -> str:
    """The code that the first place says; empty where none says one."""
    places = places_of(dimension, on_order, item_code, item, vendor, partner, coding)
    return next((code for code, _ in places if code), "")
