"""Documents to nodes: every value as the text its place in the file asks for, everything that has none told at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import Record
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.layouts.convert.amounts import COMPUTED, line_count, rounded
from ml_connector.layouts.formats.nodes import Cells, Node
from ml_connector.layouts.spec.compiled_layout import CompiledField, CompiledLevel, Layout
from ml_connector.layouts.values.findings import LayoutPlace, shown
from ml_connector.layouts.values.values import WrongText

#: Problems of one document named at once.
MOST_TOLD = 20


@dataclass(frozen=True)
class WriteContext:
    """What a file says beside its documents: who it goes to, which revision it is, and when it was written (UTC)."""

    partner: str = ""
    revision: str = ""
    currency: str = ""
    at: datetime | None = None


class Taker:
    """Makes nodes of the documents of one layout."""

    def __init__(self, layout: Layout, context: WriteContext) -> None:
        self._layout = layout
        self._context = context

    def take(self, document: Record) -> Node:
        """The node of a document. Raises NeedsCorrection naming every value that cannot be written."""
        problems: list[str] = []
        self._check_currency(document)
        node = self._node(document, self._layout.document, "", 1, problems)
        node.place = LayoutPlace(path=named(document))
        if problems:
            more = f"; and {len(problems) - MOST_TOLD} more" if len(problems) > MOST_TOLD else ""
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"{named(document)} cannot be written as {self._layout.name}: {'; '.join(problems[:MOST_TOLD])}{more}.",
                remedy="Mend the document where it comes from, or the layout.",
                data={"problems": problems[:MOST_TOLD], "layout": self._layout.name},
            )
        return node

    def _check_currency(self, document: Record) -> None:
        rule = self._layout.settings.currency
        if rule is not None and rule.source == "caller" and not self._context.currency:
            raise NeedsCorrection(
                Reason.CURRENCY_MISMATCH,
                f"{named(document)}: files of {self._layout.name} do not say their currency, and nobody else did.",
                remedy="Say which currency this partner's files are in, or use a layout with a field for it.",
                data={"layout": self._layout.name},
            )
        wanted = "" if rule is None else rule.constant or (self._context.currency if rule.source == "caller" else "")
        has = getattr(document, "currency", "")
        if wanted and has and has != wanted:
            raise NeedsCorrection(
                Reason.CURRENCY_MISMATCH,
                f"{named(document)} is in {has}; files of {self._layout.name} hold amounts in {wanted}.",
                remedy="Use a layout with a field for the currency.",
                data={"currency": has, "layout": self._layout.name},
            )

    def _node(self, record: Record, level: CompiledLevel, where: str, position: int, problems: list[str]) -> Node:
        cells: Cells = [None] * len(level.fields)
        node = Node(level, cells, LayoutPlace(path=where.rstrip(".")))
        for one in level.fields:
            if not one.writes:
                continue
            place = f"{where}{one.name}"
            try:
                text = self._text(record, one, position)
            except WrongText as wrong:
                problems.append(f"{place}: {_shown(one, record)} is not {wrong.expected}")
                continue
            if not text and one.settings.required:
                problems.append(f"{place} is empty")
            cells[one.index] = text
        for child in level.below:
            records: Sequence[Record] = [one for one in getattr(record, child.to) if child.holds(one)]
            node.children[child.name] = [
                self._node(inner, child, f"{where}{child.name}[{number}].", number, problems)
                for number, inner in enumerate(records, 1)
            ]
        return node

    def _text(self, record: Record, one: CompiledField, position: int) -> str:
        settings = one.settings
        if settings.constant is not None:
            return settings.constant
        value = one.target.of(record) if one.target else self._special(one, record, position)
        if value is None or value in ("", ()):
            return ""
        if one.target and one.target.many:
            return self._joined(one, value)
        if isinstance(value, str):
            value = str(value)
            if settings.too_long == "cut" and settings.max_length:
                value = value[: settings.max_length]
        text = one.converter.write(value)
        return self._coded(one, text)

    def _joined(self, one: CompiledField, value: Sequence[str]) -> str:
        joint = one.settings.join or "\n"
        if one.target is not None and one.target.steps[-1].name == "notes":
            # For people: nobody takes them apart again, and no order is held for the punctuation of a remark.
            fixed = self._layout.format.startswith("fixed")
            return joint.join(" ".join(part.split()) if fixed else one.converter.write(part) for part in value)
        if any(joint in part for part in value):
            raise WrongText("not_a_list", f"without {joint!r}, which stands between its parts")
        return joint.join(one.converter.write(part) for part in value)

    def _coded(self, one: CompiledField, text: str) -> str:
        settings = one.settings
        if not settings.codes:
            return text
        found = one.codes_out.get(text)
        if found is not None:
            return found
        if settings.unknown_codes == "refuse" or text in settings.codes:
            raise WrongText("unknown_code", "one of " + ", ".join(list(one.codes_out)[:20]))
        return text

    def _special(self, one: CompiledField, record: Record, position: int) -> Any:
        moment = (self._context.at or datetime.now(UTC)).astimezone(UTC)
        number = one.settings.number
        if one.special in COMPUTED:
            places = number.decimals if number and number.decimals is not None else self._places(one)
            value: Decimal = COMPUTED[one.special](record)
            return rounded(value, places)
        plain = {
            "@partner": self._context.partner,
            "@revision": self._context.revision,
            "@position": str(position),
            "@number": None,
            "@line_count": str(line_count(record)) if one.special == "@line_count" else "",
            "@date": moment.date(),
            "@time": moment.time().replace(microsecond=0, tzinfo=None),
        }
        return plain[one.special]

    def _places(self, one: CompiledField) -> int:
        """Computed amounts are rounded to the cent, quantities hardly ever."""
        form = self._layout.settings.values.number
        given = one.settings.number.implied_decimals if one.settings.number else None
        return next(
            (n for n in (given, form.decimals, form.implied_decimals) if n), 6 if "quantity" in one.special else 2
        )


def named(document: Record) -> str:
    """The document in a sentence: Invoice INV-1."""
    number = getattr(document, "number", "")
    return f"{type(document).__name__} {str(number)[:40]}".strip()


def _shown(one: CompiledField, record: Record) -> str:
    value = one.target.of(record) if one.target else one.special
    return shown(format(value, "f") if isinstance(value, Decimal) else str(value))
