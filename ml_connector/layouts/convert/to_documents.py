"""Nodes to documents: every text converted, everything wrong told at once, each with its place."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import DocumentKind, Record
from ml_connector.documents.records import NoSuchRecord, from_values, misfits
from ml_connector.documents.values import currencies
from ml_connector.documents.values.characters import REPLACEMENT, character_name
from ml_connector.documents.values.unseen import as_digits, as_key, unseen_in
from ml_connector.layouts.convert.amounts import COMPUTED, rounded
from ml_connector.layouts.formats.nodes import Amounts, Node
from ml_connector.layouts.spec.compiled_layout import ROWS, CompiledField, CompiledLevel, Layout
from ml_connector.layouts.spec.field_paths import Values
from ml_connector.layouts.values.findings import LayoutFinding, Severity, finding
from ml_connector.layouts.values.numbers import Doubts
from ml_connector.layouts.values.values import WrongText

_CURRENCY = re.compile("[A-Z]{3}")


@dataclass
class Built:
    """What became of a document's node. document is None when it cannot be made at all."""

    document: Record | None = None
    findings: list[LayoutFinding] = field(default_factory=list)
    partner: str = ""
    revision: str = ""
    currency: str = ""
    limit: int = 200
    errors: int = 0
    untold: int = 0
    untold_errors: int = 0
    signs: int = 0

    def tell(self, *found: LayoutFinding) -> None:
        """Add findings, as far as there is room; the others are counted."""
        for one in found:
            self.errors += one.is_error
            if len(self.findings) < self.limit:
                self.findings.append(one)
            else:
                self.untold += 1
                self.untold_errors += one.is_error


class Builder:
    """Makes documents of one layout. currency: the caller's, for layouts that take it from there. doubts: what the
    file's numbers say against the layout.
    """

    def __init__(self, layout: Layout, currency: str = "", doubts: Doubts | None = None) -> None:
        self._layout = layout
        self._doubts = doubts
        self._currency = currency
        self._empty = frozenset(layout.settings.values.empty)
        self._strip = layout.settings.values.strip
        self._limit = layout.settings.limits.findings
        self._named = layout.format not in ROWS

    def build(self, node: Node) -> Built:
        built = Built(limit=self._limit, currency=self._currency_of(node))
        built.document = self._record(node, built)
        if built.untold:
            severity = Severity.ERROR if built.untold_errors else Severity.WARNING
            built.findings.append(
                finding("more", node.place, "", f"and {built.untold} more findings", severity=severity)
            )
        return built

    def _record(self, node: Node, built: Built) -> Record | None:
        level = node.level
        built.tell(*node.findings)
        values = Values()
        checks: list[tuple[CompiledField, Decimal]] = []
        bad: set[str] = set()
        for one in level.fields:
            if one.reads:
                self._field(node, one, values, checks, bad, built)
        for target, value in level.constants:
            if target.steps[0].single:
                target.put(values, value)
            for nth in range(0 if target.steps[0].single else values.count(target.steps[0])):
                target.put(values, value, nth)
        whole = self._children(node, values, built)
        if level.depth == 0:
            self._set_currency(node, values, built)
            if self._layout.kind is DocumentKind.CHANGE_ACKNOWLEDGMENT:
                values.plain["answers_change"] = True
        record = self._made(node, values, bad, built) if whole else None
        if record is not None and not built.errors:
            for one, said in checks:
                self._check(node, one, said, record, built)
        return record

    def _children(self, node: Node, values: Values, built: Built) -> bool:
        whole = True
        for level in node.level.below:
            records = [self._record(child, built) for child in node.children.get(level.name, ())]
            whole = whole and None not in records
            if records:
                values.lists.setdefault(level.to, []).extend(records)
        return whole

    def _field(
        self,
        node: Node,
        one: CompiledField,
        values: Values,
        checks: list[tuple[CompiledField, Decimal]],
        bad: set[str],
        built: Built,
    ) -> None:
        if one.index in node.told:
            bad.add(one.target.steps[0].name if one.target else "")
            return
        text = self._seen(node, one, self._text(node, one), built)
        try:
            found = self._amounts(node, one, built)
            several = [self._exact(node, one, each, built) for each in found]
            value = several[0] if several else self._exact(node, one, text, built)
        except WrongText as wrong:
            bad.add(one.target.steps[0].name if one.target else "")
            problem = _PROBLEMS.get(wrong.code, "cannot be read")
            built.tell(finding(wrong.code, node.where(one), one.label, problem, value=text, expected=wrong.expected))
            return
        if value is None:
            if one.settings.required:
                bad.add(one.target.steps[0].name if one.target else "")
                built.tell(
                    finding(
                        "missing", node.where(one), one.label, "is empty", expected=_EXPECTED.get(one.form, "a text")
                    )
                )
            return
        # A name that the layout knows is a sign of it; in rows any text stands anywhere.
        built.signs += bool(text) and (self._named or one.form not in {"text", "flag"} or bool(one.settings.codes))
        if one.target:
            one.target.put(values, value)
            for nth, again in enumerate(several[1:], 1):
                one.target.put(values, again, nth)
        elif one.special == "@partner":
            built.partner = value
        elif one.special == "@revision":
            built.revision = value
        elif one.special in COMPUTED:
            checks.append((one, value))

    def _amounts(self, node: Node, one: CompiledField, built: Built) -> list[str]:
        """The texts of an amount whose elements name their currency or repeat; empty for any other.

        Raises:
            WrongText: it is in another currency than the document, or stands several times where it can only be one.
        """
        cell = node.text(one)
        if not isinstance(cell, Amounts):
            return []
        ours = [text for text, currency in cell.parts if currency in {"", built.currency} or not built.currency]
        others = [f"{text} {currency}" for text, currency in cell.parts if currency not in {"", built.currency}]
        if not ours:
            named = ", ".join(sorted({currency for _, currency in cell.parts if currency}))
            raise WrongText("other_currency", f"an amount in {built.currency}, the document's currency, not in {named}")
        if len(ours) > 1 and not self._of_its_own(node.level, one):
            raise WrongText("repeated", f"it once, it stands {len(ours)} times; `repeats` reads each")
        if others and built.currency:
            problem = f"stands in another currency as well, which is not read: {', '.join(others)[:80]}"
            built.tell(finding("other_currency", node.where(one), one.label, problem, severity=Severity.WARNING))
        return [as_digits(self._plain(text)) for text in ours] if len(ours) > 1 or others else []

    def _of_its_own(self, level: CompiledLevel, one: CompiledField) -> bool:
        """Whether each of several amounts can be a record: a list of amounts of which nothing else is read."""
        if one.target is None or one.target.steps[0].name not in LISTS_OF_AMOUNTS or len(one.target.steps) != 2:
            return False
        step = one.target.steps[0]
        return sum(f.reads and f.target is not None and f.target.steps[0] == step for f in level.fields) == 1

    def _exact(self, node: Node, one: CompiledField, text: str, built: Built) -> Any:
        """The value of a text; money no finer than its currency's coins where the file's numbers are no exact ones.

        Raises:
            WrongText: it cannot be read, or is finer and the layout does not say that it is rounded.
        """
        value = self._value(one, text)
        if not isinstance(value, Decimal):
            return value
        if one.round_to is not None and value != (near := rounded(value, one.round_to)):
            problem = f"was rounded to {one.round_to} decimals, as the layout says"
            built.tell(finding("rounded", node.where(one), one.label, problem, value=text, severity=Severity.WARNING))
            return near
        places = currencies.places(built.currency)
        if one.money and one.round_to is None and self._layout.format == "json" and value != rounded(value, places):
            raise WrongText("too_many_decimals", f"at most {places} decimals; `number: {{round_to: {places}}}` rounds")
        counts = one.target is not None and "quantity" in one.target.steps[-1].name
        if counts and one.round_to is None and self._layout.format == "json" and _is_computed(value):
            raise WrongText("computed", f"at most {_EXACT_DIGITS} digits; `number: {{round_to: 3}}` here rounds")
        return value

    def _seen(self, node: Node, one: CompiledField, text: str, built: Built) -> str:
        """The text as people see it, where it is a number, a date or what something is known by; told if it differs."""
        if text.isascii() or (one.form == "text" and not one.is_key):
            return text
        seen = as_key(text) if one.form == "text" else as_digits(text)
        if seen != text:
            what = character_name(found) if (found := unseen_in(text)) else "letters in another composition"
            problem = f"is read without what nobody sees in it: {what}"
            built.tell(finding("unseen", node.where(one), one.label, problem, value=text, severity=Severity.WARNING))
        return "" if seen in self._empty else seen

    def _text(self, node: Node, one: CompiledField) -> str:
        return self._plain(node.text(one) or "")

    def _plain(self, text: str) -> str:
        text = str(text).strip() if self._strip else str(text)
        return "" if text in self._empty else text

    def _value(self, one: CompiledField, text: str) -> Any:
        """The value a text means, None for none. Raises WrongText."""
        settings = one.settings
        if settings.constant is not None:
            if text and text != settings.constant and not (one.special == "@number" and _equal(one, text)):
                raise WrongText("not_the_constant", f'"{settings.constant}"')
            text = settings.constant
        elif not text:
            text = settings.default or ""
        elif settings.codes:
            text = self._coded(one, text)
        if not text:
            return None
        if one.is_key and REPLACEMENT in text:
            # Two numbers that could not be read are not one number.
            raise WrongText("unreadable", "a text that can be read; see text.encoding, or ask the sender for it again")
        if one.target and one.target.many:
            return tuple(one.converter.read(part) for part in text.split(settings.join or "\n") if part)
        value = one.converter.read(text)
        if self._doubts is not None and one.number_form is not None:
            self._doubts.check(text, one.number_form, certain=one.certain)
        return value

    def _coded(self, one: CompiledField, text: str) -> str:
        """Our code for theirs. A price basis is found by its value, and any other number is one."""
        codes = one.settings.codes
        if text in codes:
            return codes[text]
        if one.form == "basis" and (basis := _basis(one, text)) is not None:
            return next((ours for theirs, ours in codes.items() if _basis(one, theirs) == basis), basis)
        if one.settings.unknown_codes == "refuse":
            raise WrongText("unknown_code", "one of " + ", ".join(list(codes)[:20]))
        return text

    def _currency_of(self, node: Node) -> str:
        """The document's currency before the document is made; empty where it is not told rightly."""
        rule = self._layout.settings.currency
        if rule is None or rule.source == "order":
            return ""
        found = rule.constant or self._currency
        if rule.source == "field":
            one = next(one for one in self._layout.document.fields if one.settings.to == "currency")
            try:
                found = "" if one.index in node.told else str(self._value(one, as_key(self._text(node, one))) or "")
            except WrongText:
                return ""
        return found if _CURRENCY.fullmatch(found) else ""

    def _set_currency(self, node: Node, values: Values, built: Built) -> None:
        """The document's currency from where the layout says; amounts without one are worth nothing."""
        rule = self._layout.settings.currency
        if rule is None or rule.source == "order":
            return
        if rule.source == "field":
            label = next(one.label for one in self._layout.document.fields if one.settings.to == "currency")
            found = values.plain.get("currency", "")
        else:
            label, found = "", rule.constant or self._currency
            values.plain["currency"] = found
        if not _CURRENCY.fullmatch(found):
            problem = "is not a currency" if found else "no currency"
            told = finding(
                "no_currency", node.place, label, problem, value=found, expected="three capital letters, as in EUR"
            )
            if not any(f.column == label and f.place == node.place and f.code == "missing" for f in built.findings):
                built.tell(told)

    def _made(self, node: Node, values: Values, bad: set[str], built: Built) -> Record | None:
        ready = values.made()
        for name in node.level.nullable:
            if ready.setdefault(name, None) is None and name not in bad:
                bad.add(name)
                label = self._label(node.level, [name])
                built.tell(finding("missing", node.place, label, "is empty", expected=name))
        try:
            return from_values(node.level.model, ready)
        except NoSuchRecord:
            problems = misfits(node.level.model, ready)
        for names, said in problems[:20]:
            if names[0] not in bad:
                built.tell(
                    finding("missing", node.place, self._label(node.level, names), said, expected=".".join(names))
                )
        if not built.errors:
            built.tell(finding("missing", node.place, "", "the document cannot be made"))
        return None

    def _label(self, level: CompiledLevel, names: list[str]) -> str:
        """The column of a value that the model found missing."""
        words = [name for name in names if not name.isdigit()]
        for one in level.fields:
            if one.target and [step.name for step in one.target.steps] == words:
                return one.label
        return ""

    def _check(self, node: Node, one: CompiledField, said: Decimal, record: Record, built: Built) -> None:
        """What the file says against what its own values add up to: told, never corrected."""
        computed = COMPUTED[one.special](record)
        if abs(said - computed) > one.settings.tolerance:
            built.tell(
                finding(
                    "control_total",
                    node.where(one),
                    one.label,
                    "does not agree with the values it is computed from",
                    value=format(said, "f"),
                    expected=format(computed, "f"),
                    severity=Severity.WARNING,
                )
            )


def _equal(one: CompiledField, text: str) -> bool:
    """Whether a number is the constant that stands there, however it is written."""
    return bool(one.converter.read(text) == one.converter.read(one.settings.constant or ""))


def _basis(one: CompiledField, text: str) -> str | None:
    """The price basis that a number means; None for what is none."""
    try:
        return str(one.converter.read(text)) if any(c.isdigit() for c in text) else None
    except WrongText:
        return None


#: So many digits a number of binary programs holds exactly; more come of computing (0.1 + 0.2).
_EXACT_DIGITS = 15


def _is_computed(value: Decimal) -> bool:
    """Whether a number of JSON has more digits than anybody counts: what was meant is another one."""
    return len(value.as_tuple().digits) > _EXACT_DIGITS and value != value.to_integral_value()


#: Lists of amounts that add up to the total: one more or less shows.
LISTS_OF_AMOUNTS = frozenset({"allowances", "taxes"})
_EXPECTED = {
    "number": "a number",
    "integer": "a whole number",
    "date": "a date",
    "time": "a time",
    "flag": "true or false",
}
_PROBLEMS = {
    "not_a_number": "is not a number",
    "two_readings": "can be read in two ways",
    "not_a_date": "is not a date",
    "not_a_time": "is not a time",
    "not_a_flag": "is neither true nor false",
    "too_long": "is too long",
    "control_character": "holds control characters",
    "unreadable": "cannot be read: U+FFFD stands where a character was lost",
    "other_currency": "is in another currency",
    "repeated": "stands several times",
    "too_many_decimals": "is finer than a coin of its currency",
    "computed": "has more digits than a quantity is counted in",
    "unknown_code": "is not a code that the layout knows",
    "not_the_constant": "is not what stands there in this kind of document",
}
