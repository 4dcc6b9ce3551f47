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
            elif not (quantity := str(quantity)).isdigit():
                quantity = NUMBER(quantity)
            ...
            if len(number) > 20 or len(quantity) > 15 or unit not in CODES_2 or ... or (unit and not quantity):
                raise ODD
            ...
            if description:
                _add(f"PID*F****{description}")

Functions add the text of each segment and the letter that stands for it in the set's shape, and return how many
element separators they have written: more of them in the finished text means that one stands in a value. What a
function cannot tell to be right, it raises ODD for; the set is then written element by element. `benchmarks.edi_speed`
measures it: writing took 250 microseconds for a set of 2.7 kB by the tables themselves, and takes about 40 by these.
"""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any

from ml_connector.edi.mapping.fields import CENTS, DAY, INTEGER, NUMBER, TEXT, TIME, Field, SegmentMap
from ml_connector.edi.mapping.scopes import Flat, Many, One, Scope, Slot, Text
from ml_connector.edi.mapping.totals import AMOUNT, Totals
from ml_connector.edi.schema import Condition, ElementType, LoopRule, SegmentRule
from ml_connector.edi.values import is_number, write_cents, write_date, write_decimal, write_time

#: What a generated function is given: records (or texts), what takes a segment, what takes its letter.
Speller = Callable[[Iterable[Any], Callable[[str], None], Callable[[str], None]], int]

#: So many days are remembered as text, and so many codes of an element.
_DAYS = 4096
_CODES = 1024


class Odd(Exception):
    """A value that only a closer look can tell to be right."""


class _Unfit(Exception):
    """A table that no function is made of: it is asked itself."""


class _Days(dict[date | None, str]):
    """Days as text. Most documents of a run say the same few."""

    def __missing__(self, day: date) -> str:
        if len(self) > _DAYS:
            self.clear()
            self[None] = ""
        text = self[day] = write_date(day)
        return text


#: What `str` says of a Decimal is R already: no zero at either end, no sign, no exponent.
_PLAIN = '("0" < {0}[0] < ":" and {0}[-1] in "123456789" and "E" not in {0})'


def number_text(text: str) -> str:
    """R of what `str` says of a Decimal."""
    plain = write_decimal(Decimal(text))
    if not is_number(plain):
        raise Odd
    return plain


def _cents_text(value: Any) -> str:
    text = write_cents(value)
    if text is None or not is_number(text):
        raise Odd
    return text


def _any_number(write: Callable[[Any], str | None]) -> Callable[[Any], str]:
    """What writes a number by a codec of its own."""

    def spelled(value: Any) -> str:
        text = write(value)
        if text is None or not is_number(text):
            raise Odd
        return text

    return spelled


class Known:
    """The codes that are known to be right in an element of type ID: those of its list, and others as they come.

    A code that an open list has not got is right where its length is: a reader only remarks upon it.
    """

    def __init__(self, element: ElementType, *, required: bool) -> None:
        self._least, self._most = element.least, element.most
        self._closed = element.closed
        self.codes = {code for code in element.codes or () if element.least <= len(code) <= element.most}
        if not required:
            self.codes.add("")

    def is_odd(self, code: str) -> bool:
        """Whether a code that is not known takes a closer look. One that is right is known from then on."""
        if self._closed or not self._least <= len(code) <= self._most or not code or code[0] == " ":
            return True
        if len(self.codes) < _CODES:
            self.codes.add(code)
        return False


class Marked(dict[str, str]):
    """Qualifiers of item ids between their separators."""

    def __init__(self, element: ElementType, mark: str) -> None:
        super().__init__()
        self._known = Known(element, required=True)
        self._mark = mark

    def __missing__(self, qualifier: str) -> str:
        if qualifier not in self._known.codes and self._known.is_odd(qualifier):
            raise Odd
        text = f"{self._mark}{qualifier}{self._mark}"
        if len(self) < _CODES:
            self[qualifier] = text
        return text


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
        self._rules = rules
        self._letters = letters
        self._mark = separator
        self._given, self._whole, self._checked = given, whole, checked
        self._made: dict[tuple[int, int, bool], Speller | None] = {}
        self._names: dict[str, Any] = {
            "ODD": Odd, "DAYS": _Days({None: ""}), "NUMBER": number_text, "CENTS": _cents_text, "TIME": write_time,
        }  # fmt: skip
        for segment_id, letter in letters.items():
            self._names[f"IS_{segment_id}"] = letter
        self._codes: dict[tuple[ElementType, bool], str] = {}
        self.source: list[str] = []

    def speller(self, slot: Slot, loop: LoopRule | None, *, head: bool = True) -> Speller | None:
        """What spells the records of a slot in a loop; None where the slot itself is to be asked (`given`).

        `loop` is that of the records themselves for a scope. head: whether the segment that opens it is spelled too.
        """
        key = (id(slot), id(loop), head)
        if key not in self._made:
            try:
                self._made[key] = self._compiled(slot, loop, head=head)
            except _Unfit:
                self._made[key] = None
        return self._made[key]

    def asked(self, slot: Slot, loop: LoopRule | None) -> Callable[[Any, Any, Any], int]:
        """What has a slot itself write what a record says in it."""
        return lambda record, add, mark: self._given(slot, loop, record, add, mark)

    def _compiled(self, slot: Slot, loop: LoopRule | None, *, head: bool) -> Speller:
        if slot.segment_id not in self._letters:
            raise _Unfit
        name = f"{slot.segment_id}_{len(self._made)}"
        if isinstance(slot, Scope):
            lines = self._scope(name, slot, loop, head=head)
        elif isinstance(slot, Many):
            lines = self._many(name, slot)
        elif isinstance(slot, Flat):
            lines = self._flat(name, slot)
        else:
            raise _Unfit
        self.source += [*lines, ""]
        exec(compile("\n".join(lines), f"<{name}>", "exec"), self._names)  # noqa: S102 - made of our own tables
        speller: Speller = self._names[name]
        return speller

    def _name(self, kind: str, value: Any) -> str:
        """A name for something in the functions' namespace."""
        name = f"{kind}_{len(self._names)}"
        self._names[name] = value
        return name

    def _getter(self, fields: list[str]) -> list[str]:
        getter = self._name("GET", itemgetter(*fields))
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
        ready = "_record" if scope.before_write is None else f"{self._name('READY', scope.before_write)}(_record)"
        whole = self._name("WHOLE", lambda record, add, mark: self._whole(scope, loop, head, record, add, mark))
        body = self._getter(fields)
        body += [f"if {' or '.join(odd)}:", f"    _marks += {whole}(_record, _add, _mark)", "    continue"]
        if head:
            body += self._segment(scope.head)
        for slot in in_order(scope.slots, loop):
            body += self._slot(slot, loop)
        return [
            f"def {name}(_records, _add, _mark):",
            "    _marks = 0",
            "    for _record in _records:",
            f"        _values = {'_record' if ready == '_record' else f'(_record := {ready})'}.__dict__",
            *(f"        {line}" for line in body),
            "    return _marks",
        ]

    def _slot(self, slot: Slot, loop: LoopRule | None) -> list[str]:
        """What a record of a scope says in one of its slots."""
        if isinstance(slot, Text):
            return [f"if {slot.name}:", *_indented(self._segment(slot.mapping, sure=slot.name))]
        if isinstance(slot, One):
            return self._segment(slot.mapping, when_said=True)
        if isinstance(slot, Totals):
            return self._totals(slot)
        speller = self.speller(slot, inner_loop(slot, loop))
        if speller is not None:
            return [f"if {slot.name}:", f"    _marks += {speller.__name__}({slot.name}, _add, _mark)"]
        given = self._name("GIVEN", self.asked(slot, loop))
        call = f"_marks += {given}(_record, _add, _mark)"
        return [f"if {slot.name}:", f"    {call}"] if slot.name else [call]

    def _totals(self, slot: Totals) -> list[str]:
        """CTT, which the writer fills in when all lines are there, and the amount behind it."""
        lines = ['_add("CTT"); _mark(IS_CTT)']
        if slot.amount:
            lines += ["if total is not None:", *_indented(self._segment(AMOUNT, sure="total"))]
        return lines

    def _many(self, name: str, slot: Many) -> list[str]:
        mapping = slot.mapping
        fields = [f.name for f in mapping.fields if f.name]
        fields += [mapping.pairs.name] if mapping.pairs is not None else []
        write, checked = mapping.write, self._checked
        whole = self._name("WHOLE", lambda record, add, mark: checked(write(record), add, mark))
        return [
            f"def {name}(_records, _add, _mark):",
            "    _marks = 0",
            "    for _record in _records:",
            "        _values = _record.__dict__",
            *_indented(self._getter(["kept", *fields]), 2),
            "        if kept:",
            f"            _marks += {whole}(_record, _add, _mark)",
            "            continue",
            *_indented(self._segment(mapping), 2),
            "    return _marks",
        ]

    def _flat(self, name: str, slot: Flat) -> list[str]:
        rule = self._rules.get(slot.segment_id)
        if rule is None or len(rule.elements) < 2:
            raise _Unfit
        checks = [self._odd("_one", rule.elements[0][0], "text", required=True)]
        checks.append(self._odd("_two", rule.elements[1][0], "text", required=False))
        return [
            f"def {name}(_records, _add, _mark):",
            "    _marks = 0",
            "    for _at in range(0, len(_records), 2):",
            '        _one, _two = _records[_at], _records[_at + 1] if len(_records) > _at + 1 else ""',
            f"        if {' or '.join(one for some in checks for one in some)}:",
            "            raise ODD",
            *_indented(self._spelled(slot.segment_id, {1: "{_one}", 2: "{_two}"}, 1, ["_one", "_two"]), 2),
            "    return _marks",
        ]

    def _segment(self, mapping: SegmentMap, *, when_said: bool = False, sure: str = "") -> list[str]:
        """One segment of the fields, which are local variables.

        when_said: only where one of them says something. sure: the field that is known to say something.
        """
        rule = self._rules.get(mapping.segment_id)
        if rule is None:
            raise _Unfit
        lines: list[str] = []
        odd: list[str] = []
        said: dict[int, str] = {}
        texts: dict[int, str] = {}
        required = {at for at, (_, requirement) in enumerate(rule.elements, start=1) if requirement == "M"}
        for field in mapping.fields:
            if not field.name:
                texts[field.position], said[field.position] = _literal(field.usual), "True"
                continue
            if field.usual or field.position > len(rule.elements) or field.position in mapping.constants:
                raise _Unfit
            element = _simple(rule.elements[field.position - 1][0])
            is_sure = field.name == sure
            lines += self._converted(field, element, sure=is_sure)
            needed = field.position in required and not is_sure
            odd += self._odd(field.name, element, _kind(field), required=needed)
            texts[field.position] = f"{{{field.name}}}"
            said[field.position] = "True" if is_sure else field.name
        for position, text in mapping.constants.items():
            texts[position], said[position] = _literal(text), "True"
        pairs = mapping.pairs
        last_pair = pairs.stop if pairs is not None else 0
        for position in required:
            if pairs is not None and pairs.start <= position < pairs.stop:
                odd.append(f"not {pairs.name}")
            elif position not in texts:
                raise _Unfit
        for condition in rule.conditions:
            if pairs is None or min(condition.positions) < pairs.start or max(condition.positions) >= last_pair:
                odd += self._broken(condition, said, pairs.start if pairs is not None else 1 << 30)
        base = max((at for at in texts if said[at] == "True" or at in required), default=0)
        names = [said[at] for at in sorted(texts) if said[at] != "True"]
        written = self._pairs(mapping, rule, texts) if pairs is not None else []
        chain = self._spelled(mapping.segment_id, texts, base, [], said)
        if written:
            chain = [*written, *(["else:", *_indented(chain)])]
        check = [f"if {' or '.join(odd)}:", "    raise ODD"] if odd else []
        if not when_said:
            return [*lines, *check, *chain]
        anything = [*names, *([pairs.name] if pairs is not None else [])]
        return [*lines, f"if {' or '.join(anything)}:", *_indented([*check, *chain])]

    def _converted(self, field: Field, element: ElementType, *, sure: bool) -> list[str]:
        """A field's value made the element's text, in the variable of that name."""
        name, codec = field.name, field.codec
        if codec is TEXT:
            return []
        if codec is NUMBER:
            plain = f"not ({name} := str({name})).isdigit() and not {_PLAIN.format(name)}"
            if sure:
                return [f"if {plain}:", f"    {name} = NUMBER({name})"]
            return [
                f"if {name} is None:",
                f'    {name} = ""',
                f"elif {plain}:",
                f"    {name} = NUMBER({name})",
            ]
        if codec is DAY and element.kind == "DT":
            return [f"{name} = DAYS[{name}]"]
        if codec is CENTS:
            write = "CENTS"
        elif codec is TIME and element.kind == "TM":
            write = "TIME"
        elif codec is INTEGER or not element.numeric:
            write = "str" if codec.write is str else self._name("WRITE", codec.write)
        else:
            write = self._name("WRITE", _any_number(codec.write))
        return [f'{name} = "" if {name} is None else {write}({name})']

    def _odd(self, name: str, element: ElementType, kind: str, *, required: bool) -> list[str]:
        """Expressions that are true of a text which only a closer look can tell to be right."""
        least, most = element.least, element.most
        if element.kind == "ID":
            known = self._known(element, required=required)
            return [f"({name} not in {known} and NEW_{known}({name}))"]
        missing = [f"not {name}"] if required else []
        if kind in {"day", "time"} and element.kind in {"DT", "TM"}:
            return missing
        if element.numeric:
            if kind == "text":
                raise _Unfit
            whole = kind == "integer" or (element.kind != "R" and kind != "cents")
            missing += [f"({name} and not {name}.isdigit())"] if whole else []
            missing += [f"0 < len({name}) < {least}"] if least > 1 else []
            return [*missing, f"len({name}) > {most}"]
        if element.kind != "AN":
            raise _Unfit
        return [*missing, f"len({name}) > {most}"]

    def _known(self, element: ElementType, *, required: bool) -> str:
        """The name of the set of codes that are known to be right in an element."""
        key = (element, required)
        if key not in self._codes:
            known = Known(element, required=required)
            name = self._codes[key] = self._name("KNOWN", known.codes)
            self._names[f"NEW_{name}"] = known.is_odd
        return self._codes[key]

    def _broken(self, condition: Condition, said: dict[int, str], pairs: int) -> list[str]:
        """Expressions that are true where a condition between elements does not hold."""
        positions = condition.positions
        if max(positions) >= pairs:
            raise _Unfit
        there = [said.get(position, "False") for position in positions]
        first, rest = there[0], there[1:]
        if all(one == "False" for one in there):
            return ["True"] if condition.kind == "R" else []
        if condition.kind == "R":
            return [] if "True" in there else [f"not ({' or '.join(there)})"]
        if condition.kind == "P":
            return [] if set(there) == {"True"} else [f"not ({' == '.join(f'(not {one})' for one in there)})"]
        if condition.kind == "E":
            return [f"bool({first}) + {' + '.join(f'bool({one})' for one in rest)} > 1"]
        needed = " and ".join(rest) if condition.kind == "C" else " or ".join(rest)
        if condition.codes:
            first = f"{first} in {self._name('SOME', condition.codes)}"
        return [] if first == "False" else [f"({first} and not ({needed}))"]

    def _pairs(self, mapping: SegmentMap, rule: SegmentRule, texts: dict[int, str]) -> list[str]:
        """The segment with the item ids at its end."""
        pairs = mapping.pairs
        assert pairs is not None
        if (pairs.stop > len(rule.elements) + 1 and not rule.open) or len(rule.elements) < pairs.start + 1:
            raise _Unfit
        qualifier, value = rule.elements[pairs.start - 1][0], rule.elements[pairs.start][0]
        known = sum(1 for e, _ in rule.elements[pairs.start - 1 :] if e in {qualifier, value}) // 2
        if qualifier.kind != "ID":
            raise _Unfit
        odd = self._odd("_item", value, "text", required=True)
        marked = self._name("MARKED", Marked(qualifier, self._mark))
        begin = self._template(mapping.segment_id, texts, pairs.start - 1)
        return [
            f"if {pairs.name}:",
            f"    if len({pairs.name}) > {min(known, (pairs.stop - pairs.start) // 2)}:",
            "        raise ODD",
            '    _rest = ""',
            f"    for _one in {pairs.name}:",
            "        _one = _one.__dict__",
            '        _item = _one["value"]',
            f"        if {' or '.join(odd)}:",
            "            raise ODD",
            f"        _rest = f\"{{_rest}}{{{marked}[_one['qualifier']]}}{{_item}}\"",
            f'    _add(f"{begin}{{_rest}}"); _mark(IS_{mapping.segment_id})',
            f"    _marks += {pairs.start - 1} + 2 * len({pairs.name})",
        ]

    def _spelled(
        self, segment_id: str, texts: dict[int, str], base: int, names: list[str], said: dict[int, str] | None = None
    ) -> list[str]:
        """The segment up to its last element that says something; `base` is said always."""
        said = said or dict(enumerate(names, start=1))
        lines: list[str] = []
        word = "if"
        for position in sorted((at for at in texts if at > base), reverse=True):
            lines += [f"{word} {said[position]}:", *_indented(self._one_form(segment_id, texts, position))]
            word = "elif"
        form = self._one_form(segment_id, texts, base)
        return [*lines, "else:", *_indented(form)] if lines else form

    def _one_form(self, segment_id: str, texts: dict[int, str], last: int) -> list[str]:
        if not last:
            return ["raise ODD"]
        template = self._template(segment_id, texts, last)
        return [f'_add(f"{template}"); _mark(IS_{segment_id}); _marks += {last}']

    def _template(self, segment_id: str, texts: dict[int, str], last: int) -> str:
        """An f-string's inside."""
        elements = [texts.get(position, "") for position in range(1, last + 1)]
        mark = _literal(self._mark)
        return segment_id + "".join(f"{mark}{text}" for text in elements)


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


def _simple(element: ElementType) -> ElementType:
    """What a single value of an element has to be: of a composite, its first component."""
    if element.kind != "comp":
        return element
    if any(requirement == "M" for _, requirement in element.components[1:]):
        raise _Unfit
    return element.components[0][0]


def _kind(field: Field) -> str:
    for codec, kind in ((NUMBER, "number"), (CENTS, "cents"), (DAY, "day"), (TIME, "time"), (INTEGER, "integer")):
        if field.codec is codec:
            return kind
    return "text" if field.codec is TEXT or field.codec.write is str else "other"


def _literal(text: str) -> str:
    """Text as it stands in an f-string with double quotes."""
    escaped = text.encode("unicode_escape").decode("ascii").replace('"', '\\"')
    return escaped.replace("{", "{{").replace("}", "}}")


def _indented(lines: list[str], times: int = 1) -> list[str]:
    return ["    " * times + line for line in lines]
