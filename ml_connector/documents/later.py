"""Records whose fields are made when one is asked for: what is only counted, added up or passed on costs no more.

Such a record is of a class of its own below its model, with all the model has. Asking for a field, or for the record
as a whole (comparing, copying, dumping, printing), makes what is missing; when all fields are there, the record is of
its model's class itself. Two threads may ask at once: both make the same values.
"""

from functools import cache
from typing import Any, Protocol, Self, cast

from pydantic import BaseModel

from ml_connector.documents.common import Record, RecordT, fill

_get_values = BaseModel.__dict__["__dict__"].__get__
#: Gives a record that is not made yet its source, and fields that are there already.
set_values = BaseModel.__dict__["__dict__"].__set__

#: Where a record keeps what its values are made of; no field can have that name.
SOURCE = ""


class Maker(Protocol):
    """Makes the values of records. A source is a tuple that begins with its maker; the rest is the maker's own."""

    def some(self, source: "Source", name: str) -> dict[str, Any] | None:
        """That field with those that are made along with it; None where only all of them can be made."""

    def whole(self, source: "Source", made: dict[str, Any], *, deep: bool) -> dict[str, Any]:
        """The values of all fields, in a dictionary of the record's own.

        `made` are those that are there already, which may be used. deep: records inside will be asked for all of
        theirs too, so that it is as well to make them at once.
        """


#: Where the values of a record come from: Maker, and what it makes them of.
Source = tuple[Any, ...]


class _Later:
    """What a record does that has not got all its fields."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        values = _get_values(self)
        source: Source | None = values.get(SOURCE)
        if source is not None:
            some = source[0].some(source, name)
            if some is not None:
                values.update(some)
                return some[name]
            _open(self, values, source, deep=False)
        # of the model's class by now, or about to be in another thread
        return object.__getattribute__(self, name)

    @property
    def __dict__(self) -> dict[str, Any]:
        opened(self)
        values: dict[str, Any] = _get_values(self)
        return values

    @__dict__.setter
    def __dict__(self, values: dict[str, Any]) -> None:
        raise AttributeError("a record is frozen")

    @classmethod
    def of(cls, values: dict[str, Any]) -> Any:
        return _plain(cls).of(values)

    def __eq__(self, other: object) -> bool:
        return bool(opened(self) == opened(other))

    def __hash__(self) -> int:
        return hash(opened(self))

    def __copy__(self) -> Self:
        return cast(Self, opened(self).__copy__())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return cast(Self, opened(self).__deepcopy__(memo))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return opened(self).__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return repr(opened(self))

    def __str__(self) -> str:
        return str(opened(self))


def later(model: type[RecordT], source: Source, **made: Any) -> RecordT:
    """A record of that model whose values come from there when they are asked for; `made` are there already."""
    kind = unmade(model)
    record: RecordT = kind.__new__(kind)
    set_values(record, {SOURCE: source, **made})
    return record


@cache
def unmade(model: type[Record]) -> Any:
    """The class of a model's records that are not made yet."""
    about = {"__module__": model.__module__, "__doc__": model.__doc__}
    return type(model)(model.__name__, (_Later, model), about)  # type: ignore[misc]


def opened(record: Any) -> Any:
    """The record itself, with all its fields."""
    if isinstance(record, _Later):
        values = _get_values(record)
        source = values.get(SOURCE)
        if source is not None:
            _open(record, values, source, deep=True)
    return record


def model_of(record: Record) -> type[Record]:
    """The model of a record, whether its fields are made or not."""
    kind = type(record)
    return _plain(kind) if issubclass(kind, _Later) else kind


def _plain(kind: Any) -> type[Record]:
    plain: type[Record] = kind.__mro__[2]
    return plain


def _open(record: Any, values: dict[str, Any], source: Source, *, deep: bool) -> None:
    # what has been handed out already stays the same object
    made = values.copy()
    made.pop(SOURCE, None)
    whole = source[0].whole(source, made, deep=deep)
    whole.update(made)
    fill(record, _plain(type(record)), whole)
