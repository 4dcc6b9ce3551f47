"""Records made when asked for are, to whoever holds one, the records of their model."""

import copy
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from ml_connector.documents.common import ItemId, changed
from ml_connector.documents.json import dump, kind_of, load
from ml_connector.documents.later import Source, later, model_of, opened
from ml_connector.documents.orders import OrderLine, PurchaseOrder

_PLAIN = OrderLine(number="1", quantity=Decimal(3), unit="EA", items=(ItemId(qualifier="VP", value="W-1"),))


class _Maker:
    """Makes quantity and unit together, the others only all at once."""

    def __init__(self) -> None:
        self.times = 0
        self.deep = False

    def some(self, source: Source, name: str) -> dict[str, Any] | None:
        assert source[0] is self
        return {"quantity": Decimal(3), "unit": "EA"} if name in {"quantity", "unit"} else None

    def whole(self, source: Source, made: dict[str, Any], *, deep: bool) -> dict[str, Any]:
        assert source[0] is self
        assert "number" not in made
        self.times += 1
        self.deep = deep
        return dict(_PLAIN.__dict__)


def line() -> OrderLine:
    return later(OrderLine, (_Maker(),))


def test_a_field_is_made_with_those_it_comes_with_and_the_rest_once() -> None:
    maker = _Maker()
    one = later(OrderLine, (maker,))
    quantity = one.quantity
    assert (quantity, one.unit, maker.times) == (Decimal(3), "EA", 0)
    assert type(one) is not OrderLine
    assert (one.number, one.price, maker.times) == ("1", None, 1)
    assert type(one) is OrderLine
    assert one.quantity is quantity
    assert maker.times == 1


@pytest.mark.parametrize(
    "way",
    [
        lambda one: one,
        opened,
        copy.copy,
        copy.deepcopy,
        lambda one: pickle.loads(pickle.dumps(one)),
        lambda one: one.model_copy(update={"unit": "EA"}),
        lambda one: changed(one, unit="EA"),
        OrderLine.model_validate,
        lambda one: OrderLine.model_validate(one.model_dump()),
        lambda one: OrderLine.model_validate_json(one.model_dump_json()),
        lambda one: OrderLine(**dict(one)),
    ],
)
def test_it_is_what_its_model_makes(way: Callable[[Any], Any]) -> None:
    assert way(line()) == _PLAIN
    plain: Any = _PLAIN
    assert plain == way(line())
    assert way(line()) == line()
    assert (way(line()),) == (_PLAIN,)
    assert hash(way(line())) == hash(_PLAIN)
    assert type(opened(way(line()))) is OrderLine


def test_its_maker_is_told_whether_all_is_wanted_or_one_field() -> None:
    one, other = _Maker(), _Maker()
    assert later(OrderLine, (one,)).number == "1"
    assert later(OrderLine, (other,)) == _PLAIN
    assert (one.deep, other.deep) == (False, True)


def test_it_differs_from_what_holds_something_else() -> None:
    other = _PLAIN.model_copy(update={"unit": "CA"})
    assert line() != other
    assert other != line()


def test_printing_shows_all_fields() -> None:
    assert repr(line()) == repr(OrderLine.of(dict(_PLAIN.__dict__)))
    assert str(line()) == str(OrderLine.of(dict(_PLAIN.__dict__)))


def test_what_the_model_computes_is_there() -> None:
    assert line().vendors_item == "W-1"
    assert isinstance(line(), OrderLine)
    assert model_of(line()) is OrderLine
    assert model_of(_PLAIN) is OrderLine
    assert line().model_fields_set == set(OrderLine.model_fields)


def test_what_is_no_field_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="quantities"):
        line().quantities  # type: ignore[attr-defined]  # noqa: B018


def test_it_is_frozen() -> None:
    for name in ("unit", "number", "__dict__"):
        with pytest.raises((ValidationError, AttributeError)):
            setattr(line(), name, {})


def test_it_is_dumped_inside_others() -> None:
    order = PurchaseOrder.made({"number": "45", "order_date": None, "lines": (line(),)})
    plain = PurchaseOrder(number="45", order_date=None, lines=(_PLAIN,))
    assert dump(order) == dump(plain)
    assert load("order", dump(order)) == plain
    assert order == plain


def test_its_kind_is_known_before_anything_is_made() -> None:
    order = later(PurchaseOrder, (_Maker(),))
    assert kind_of(order) == "order"
    assert type(order) is not PurchaseOrder
