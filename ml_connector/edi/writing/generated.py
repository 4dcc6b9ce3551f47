"""Makes the functions that spell records as segments: one for each table of a mapping, with all it says written out.

A table that is asked again for every record costs more than what it says. So a `Scope` or `Many` is made into Python
once for a set definition and a set of separators. For order lines in 004010 it begins like this:

    def PO1_7(_records, _add, _mark):
        _marks = 0
        for _record in _records:
            _values = _record.__dict__
            (kept, extras, number, quantity, unit, price, price_basis, items, description, ...) = GET_7(_values)
            if kept or extras:
                _marks += WHOLE_7(_record, _add, _mark)
                continue
            if quantity is None:
                quantity = ""
            elif not (quantity := str(quantity)).isdigit() and not ("0" < quantity[0] < ":" and ...):
                quantity = NUMBER(quantity)
            ...
            if len(number) > 20 or len(quantity) > 15 or (unit not in KNOWN_9 and NEW_KNOWN_9(unit)) or ...:
                raise ODD
            ...
            if description:
                _add(f"PID*F****{description}")

Functions add the text of each segment and the letter that stands for it in the set's shape, and return how many
element separators they have written: more of them in the finished text means that one stands in a value. What a
function cannot tell to be right, it raises ODD for; the set is then written element by element. `benchmarks.edi_speed`
measures it: writing took 250 microseconds for a set of 2.7 kB by the tables themselves, and takes 90 by these.
"""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from ml_connector.edi.mapping.common import Contacts, contact_elements
from ml_connector.edi.mapping.fields import SegmentMap
from ml_connector.edi.mapping.scopes import Flat, Many, One, Scope, Slot, Text
from ml_connector.edi.mapping.totals import AMOUNT, Totals
from ml_connector.edi.validation.schema import LoopRule, SegmentRule
from ml_connector.edi.writing.segment_source import SegmentSource, Unfit, indented

#: What a generated function is given: records (or texts), what takes a segment, what takes its letter.
Speller = Callable[[Iterable[Any], Callable[[str], None], Callable[[str], None]], int]


class Spellers:
    """Makes the functions of one set definition, and keeps them.

    `given` writes the units of a slot by the slot itself, `whole` a record of a scope that has kept elements or
    segments, `checked` one segment from its elements; all three return the element separators they have written.
    """

    def __init__(
        self,
        rules: dict[str, SegmentRule],
        letters: dict[str, str],
        separator: str,
        *,
        given: Callable[[Slot, LoopRule | None, Any, Any, Any], int],
        whole: Callable[[Scope, LoopRule | None, bool, Any, Any, Any], int],
        checked: Callable[[list[str], Any, Any], int],
    ) -> None:
        self._letters = letters
        self._source = SegmentSource(rules, separator)
        self._given, self._whole, self._checked = given, whole, checked
        self._made: dict[tuple[int, int, bool], Speller | None] = {}
        for segment_id, letter in letters.items():
            self._source.names[f"IS_{segment_id}"] = letter
        self.source: list[str] = []

    def speller(self, slot: Slot, loop: LoopRule | None, *, head: bool = True) -> Speller | None:
        """What spells the records of a slot in a loop; None where the slot itself is to be asked (`given`).

        `loop` is that of the records themselves for a scope. head: whether the segment that opens it is spelled too.
        """
        key = (id(slot), id(loop), head)
        if key not in self._made:
            try:
                self._made[key] = self._compiled(slot, loop, head=head)
            except Unfit:
                self._made[key] = None
        return self._made[key]

    def asked(self, slot: Slot, loop: LoopRule | None) -> Callable[[Any, Any, Any], int]:
        """What has a slot itself write what a record says in it."""
        return lambda record, add, mark: self._given(slot, loop, record, add, mark)

    def _compiled(self, slot: Slot, loop: LoopRule | None, *, head: bool) -> Speller:
        if slot.segment_id not in self._letters:
            raise Unfit
        name = f"{slot.segment_id}_{len(self._made)}"
        if isinstance(slot, Scope):
            lines = self._scope(name, slot, loop, head=head)
        elif isinstance(slot, Many):
            lines = self._many(name, slot.mapping, slot.mapping.write)
        elif isinstance(slot, Contacts):
            lines = self._many(name, slot.mapping, contact_elements)
        elif isinstance(slot, Flat):
            lines = self._flat(name, slot)
        else:
            raise Unfit
        self.source += [*lines, ""]
        exec(compile("\n".join(lines), f"<{name}>", "exec"), self._source.names)  # noqa: S102 - made of our own tables
        speller: Speller = self._source.names[name]
        return speller

    def _getter(self, fields: list[str]) -> list[str]:
        getter = self._source.name("GET", itemgetter(*fields))
        return [f"({', '.join(fields)}) = {getter}(_values)" if len(fields) > 1 else f"{fields[0]} = {getter}(_values)"]

    def _scope(self, name: str, scope: Scope, loop: LoopRule | None, *, head: bool) -> list[str]:
        model = scope.model.model_fields
        spelled = [one for one in (scope.head if head else None, *(slot_map(s) for s in scope.slots)) if one]
        fields = [f.name for one in spelled for f in one.fields if f.name]
        fields += [one.pairs.name for one in spelled if one.pairs is not None]
        fields += [slot.name for slot in scope.slots if slot.name]
        if any(isinstance(slot, Totals) and slot.amount for slot in scope.slots):
            fields.append("total")
        odd = [one for one in ("kept", "extras") if one in model]
        fields = list(dict.fromkeys([*odd, *fields]))
        ready = (
            "_record" if scope.before_write is None else f"{self._source.name('READY', scope.before_write)}(_record)"
        )
        whole = self._source.name("WHOLE", lambda record, add, mark: self._whole(scope, loop, head, record, add, mark))
        body = self._getter(fields)
        body += [f"if {' or '.join(odd)}:", f"    _marks += {whole}(_record, _add, _mark)", "    continue"]
        if head:
            body += self._source.segment(scope.head)
        for slot in in_order(scope.slots, loop):
            body += self._slot(slot, loop)
        return [
            f"def {name}(_records, _add, _mark):",
            "    _marks = 0",
            "    for _record in _records:",
            f"        _values = {ready}.__dict__",
            *(f"        {line}" for line in body),
            "    return _marks",
        ]

    def _slot(self, slot: Slot, loop: LoopRule | None) -> list[str]:
        """What a record of a scope says in one of its slots."""
        try:
            if isinstance(slot, Text):
                return [f"if {slot.name}:", *indented(self._source.segment(slot.mapping, sure=slot.name))]
            if isinstance(slot, One):
                return self._source.segment(slot.mapping, when_said=True)
            if isinstance(slot, Totals):
                return self._totals(slot)
        except Unfit:
            return [f"_marks += {self._source.name('GIVEN', self.asked(slot, loop))}(_record, _add, _mark)"]
        speller = self.speller(slot, inner_loop(slot, loop))
        if speller is not None:
            return [f"if {slot.name}:", f"    _marks += {speller.__name__}({slot.name}, _add, _mark)"]
        given = self._source.name("GIVEN", self.asked(slot, loop))
        call = f"_marks += {given}(_record, _add, _mark)"
        return [f"if {slot.name}:", f"    {call}"] if slot.name else [call]

    def _totals(self, slot: Totals) -> list[str]:
        """CTT, which the writer fills in when all lines are there, and the amount behind it."""
        lines = ['_add("CTT"); _mark(IS_CTT)']
        if slot.amount:
            lines += ["if total is not None:", *indented(self._source.segment(AMOUNT, sure="total"))]
        return lines

    def _many(self, name: str, mapping: SegmentMap, write: Callable[[Any], list[str]]) -> list[str]:
        fields = [f.name for f in mapping.fields if f.name]
        fields += [mapping.pairs.name] if mapping.pairs is not None else []
        checked = self._checked
        whole = self._source.name("WHOLE", lambda record, add, mark: checked(write(record), add, mark))
        return [
            f"def {name}(_records, _add, _mark):",
            "    _marks = 0",
            "    for _record in _records:",
            "        _values = _record.__dict__",
            *indented(self._getter(["kept", *fields]), 2),
            "        if kept:",
            f"            _marks += {whole}(_record, _add, _mark)",
            "            continue",
            *indented(self._source.segment(mapping), 2),
            "    return _marks",
        ]

    def _flat(self, name: str, slot: Flat) -> list[str]:
        return [
            f"def {name}(_records, _add, _mark):",
            "    _marks = 0",
            "    for _at in range(0, len(_records), 2):",
            '        _one, _two = _records[_at], _records[_at + 1] if len(_records) > _at + 1 else ""',
            *indented(self._source.texts(slot.segment_id), 2),
            "    return _marks",
        ]


def slot_map(slot: Slot) -> SegmentMap | None:
    """The table of a slot whose fields are the record's own."""
    return slot.mapping if isinstance(slot, One | Text) else None


def in_order(slots: list[Slot], loop: LoopRule | None) -> list[Slot]:
    """Slots as a loop has their segments (`scopes.arranged`); as they come where the definition has no loop."""
    return sorted(slots, key=lambda slot: loop.order(slot.segment_id)) if loop is not None else list(slots)


def inner_loop(slot: Slot, loop: LoopRule | None) -> LoopRule | None:
    """The loop of the records of a scope that stands in a loop."""
    node = loop.first.get(slot.segment_id) if loop is not None else None
    return node.loop if node is not None else None
