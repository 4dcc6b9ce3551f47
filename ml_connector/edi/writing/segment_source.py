"""Makes the Python that writes one segment: its checks, and one form for each element that may be the last.

    if description:
        _add(f"REF*{qualifier}*{value}*{description}"); _mark(IS_REF); _marks += 3
    elif value:
        _add(f"REF*{qualifier}*{value}"); _mark(IS_REF); _marks += 2

See edi.mapping.generated for what it is part of.
"""

from typing import Any

from ml_connector.edi.framing.values import write_time
from ml_connector.edi.mapping.fields import CENTS, DAY, INTEGER, NUMBER, TEXT, TIME, Field, Pairs, SegmentMap
from ml_connector.edi.validation.schema import Condition, ElementType, SegmentRule
from ml_connector.edi.writing.spelling import Days, Known, Marked, Odd, any_number, cents_text, number_text

#: What `str` says of a Decimal is R already: no zero at either end, no sign, no exponent.
_PLAIN = '("0" < {0}[0] < ":" and {0}[-1] in "123456789" and "E" not in {0})'


class Unfit(Exception):
    """A table that no function is made of: it is asked itself."""


class SegmentSource:
    """Python that writes one segment of local variables. `names` is where its functions run."""

    def __init__(self, rules: dict[str, SegmentRule], separator: str) -> None:
        self._rules = rules
        self._mark = separator
        self._codes: dict[tuple[ElementType, bool], str] = {}
        self.names: dict[str, Any] = {
            "ODD": Odd, "DAYS": Days({None: ""}), "NUMBER": number_text, "CENTS": cents_text, "TIME": write_time,
        }  # fmt: skip

    def name(self, kind: str, value: Any) -> str:
        """A name for something in the functions' namespace."""
        name = f"{kind}_{len(self.names)}"
        self.names[name] = value
        return name

    def texts(self, segment_id: str) -> list[str]:
        """A segment of one or two texts, `_one` and `_two`."""
        rule = self._rules.get(segment_id)
        if rule is None or len(rule.elements) < 2:
            raise Unfit
        odd = self._odd("_one", rule.elements[0][0], "text", required=True)
        odd += self._odd("_two", rule.elements[1][0], "text", required=False)
        spelled = self._spelled(segment_id, {1: "{_one}", 2: "{_two}"}, 1, {1: "_one", 2: "_two"})
        return [f"if {' or '.join(odd)}:", "    raise ODD", *spelled]

    def segment(self, mapping: SegmentMap, *, when_said: bool = False, sure: str = "") -> list[str]:
        """One segment of the fields, which are local variables.

        when_said: only where one of them says something. sure: the field that is known to say something.
        """
        rule = self._rules.get(mapping.segment_id)
        if rule is None:
            raise Unfit
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
                raise Unfit
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
                raise Unfit
        for condition in rule.conditions:
            if pairs is None or min(condition.positions) < pairs.start or max(condition.positions) >= last_pair:
                odd += self._broken(condition, said, pairs.start if pairs is not None else 1 << 30)
        base = max((at for at in texts if said[at] == "True" or at in required), default=0)
        names = [said[at] for at in sorted(texts) if said[at] != "True"]
        written = self._pairs(mapping.segment_id, pairs, rule, texts) if pairs is not None else []
        chain = self._spelled(mapping.segment_id, texts, base, said)
        if written:
            chain = [*written, *(["else:", *indented(chain)])]
        check = [f"if {' or '.join(odd)}:", "    raise ODD"] if odd else []
        if not when_said:
            return [*lines, *check, *chain]
        anything = [*names, *([pairs.name] if pairs is not None else [])]
        return [*lines, f"if {' or '.join(anything)}:", *indented([*check, *chain])]

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
            write = "str" if codec.write is str else self.name("WRITE", codec.write)
        else:
            write = self.name("WRITE", any_number(codec.write))
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
                raise Unfit
            whole = kind == "integer" or (element.kind != "R" and kind != "cents")
            missing += [f"({name} and not {name}.isdigit())"] if whole else []
            missing += [f"0 < len({name}) < {least}"] if least > 1 else []
            return [*missing, f"len({name}) > {most}"]
        if element.kind != "AN":
            raise Unfit
        return [*missing, f"len({name}) > {most}"]

    def _known(self, element: ElementType, *, required: bool) -> str:
        """The name of the set of codes that are known to be right in an element."""
        key = (element, required)
        if key not in self._codes:
            known = Known(element, required=required)
            name = self._codes[key] = self.name("KNOWN", known.codes)
            self.names[f"NEW_{name}"] = known.is_odd
        return self._codes[key]

    def _broken(self, condition: Condition, said: dict[int, str], pairs: int) -> list[str]:
        """Expressions that are true where a condition between elements does not hold."""
        positions = condition.positions
        if max(positions) >= pairs:
            raise Unfit
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
            first = f"{first} in {self.name('SOME', condition.codes)}"
        return [] if first == "False" else [f"({first} and not ({needed}))"]

    def _pairs(self, segment_id: str, pairs: Pairs, rule: SegmentRule, texts: dict[int, str]) -> list[str]:
        """The segment with the item ids at its end."""
        if (pairs.stop > len(rule.elements) + 1 and not rule.open) or len(rule.elements) < pairs.start + 1:
            raise Unfit
        qualifier, value = rule.elements[pairs.start - 1][0], rule.elements[pairs.start][0]
        known = sum(1 for e, _ in rule.elements[pairs.start - 1 :] if e in {qualifier, value}) // 2
        if qualifier.kind != "ID":
            raise Unfit
        odd = self._odd("_item", value, "text", required=True)
        marked = self.name("MARKED", Marked(qualifier, self._mark))
        begin = self._template(segment_id, texts, pairs.start - 1)
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
            f'    _add(f"{begin}{{_rest}}"); _mark(IS_{segment_id})',
            f"    _marks += {pairs.start - 1} + 2 * len({pairs.name})",
        ]

    def _spelled(self, segment_id: str, texts: dict[int, str], base: int, said: dict[int, str]) -> list[str]:
        """The segment up to its last element that says something; `base` is said always."""
        lines: list[str] = []
        word = "if"
        for position in sorted((at for at in texts if at > base), reverse=True):
            lines += [f"{word} {said[position]}:", *indented(self._one_form(segment_id, texts, position))]
            word = "elif"
        form = self._one_form(segment_id, texts, base)
        return [*lines, "else:", *indented(form)] if lines else form

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


def _simple(element: ElementType) -> ElementType:
    """What a single value of an element has to be: of a composite, its first component."""
    if element.kind != "comp":
        return element
    if any(requirement == "M" for _, requirement in element.components[1:]):
        raise Unfit
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


def indented(lines: list[str], times: int = 1) -> list[str]:
    return ["    " * times + line for line in lines]
