"""Makes a layout ready: addresses, places and ways of writing resolved, and everything contradictory refused."""

from dataclasses import replace
from typing import Any

from ml_connector.documents.common import DocumentKind, Record
from ml_connector.documents.json import MODELS
from ml_connector.documents.records import fields_of, names_of
from ml_connector.layouts.spec.column_positions import place_rows, twin_of
from ml_connector.layouts.spec.compiled_layout import TAGGED, CompiledField, CompiledLevel, Contradiction, Layout
from ml_connector.layouts.spec.field_paths import BadAddress, Target, compiled, form_of, repeated
from ml_connector.layouts.spec.model import FieldSettings, LayoutFile, LayoutLevel, NumberSettings
from ml_connector.layouts.spec.paths import Path, parsed
from ml_connector.layouts.values import values
from ml_connector.layouts.values.moments import with_iso_moments
from ml_connector.layouts.values.values import Converter, NumberForm

#: What is no value of the document: who, which revision, and what can be computed from it.
SPECIALS: dict[str, str] = {
    "@partner": "text",
    "@revision": "text",
    "@position": "text",
    "@line_count": "text",
    "@quantity_total": "number",
    "@lines_total": "number",
    "@amount": "number",
    "@net_amount": "number",
    "@net_total": "number",
    "@number": "number",
    "@date": "date",
    "@time": "time",
}
#: Computed from what is under a document; the last one from a line.
OF_DOCUMENT = frozenset({"@partner", "@revision", "@line_count", "@quantity_total", "@lines_total", "@net_total"})
#: Values that are money: in a currency, and no finer than its coins.
MONEY = frozenset({"total", "amount", "discountable", "discounted", "terms_discount", "discount_amount"})
#: Kinds without amounts need no currency.
WITHOUT_AMOUNTS = frozenset({DocumentKind.SHIP_NOTICE, DocumentKind.REFERENCE_DATA, DocumentKind.VENDOR_PROPOSAL})
MOST_LEVELS = 6


def compile_layout(settings: LayoutFile, source: str) -> Layout:
    """The layout that a file's settings mean. Raises Contradiction, naming the key."""
    kind = DocumentKind(settings.kind)
    model = MODELS.get(kind)
    if model is None:
        raise Contradiction("kind", f"there is no document of kind {settings.kind} yet")
    if settings.fixed.positions == "bytes" and settings.text.encoding.lower().startswith("utf-16"):
        raise Contradiction("fixed.positions", "positions cannot count bytes of UTF-16")
    document = _Compiler(settings).level("document", model, settings.document, 0, "document")
    place_rows(document, settings)
    _check_levels(document, settings)
    _check_currency(document, settings, kind)
    return Layout(settings, source, document)


class _Compiler:
    def __init__(self, settings: LayoutFile) -> None:
        self._settings = settings
        self._format = settings.format
        self._flat = settings.format in {"csv", "fixed"}

    def level(self, name: str, model: type[Record], settings: LayoutLevel, depth: int, where: str) -> CompiledLevel:
        if depth >= MOST_LEVELS:
            raise Contradiction(where, f"more than {MOST_LEVELS} levels")
        made = CompiledLevel(name, model, settings, depth, where, tag=settings.tag or "")
        made.nullable = _nullable(model)
        if self._format in {"json", "xml"}:
            made.at = self._path(settings.at if settings.at is not None else ("" if depth == 0 else name), where)
            if made.at.of_xml:
                raise Contradiction(f"{where}.at", "a level is an element inside its parent's")
        elif self._format in TAGGED and not made.tag and not settings.inline:
            raise Contradiction(f"{where}.tag", "a level of a parent-child file needs the tag of its record")
        for field_name, field_settings in settings.fields.items():
            made.fields.append(self._field(made, field_name, field_settings))
        made.constants = [self._constant(made, address, text) for address, text in settings.constants.items()]
        names = [one.name for one in made.fields]
        for one in settings.key:
            if one not in names:
                raise Contradiction(f"{where}.key", f"there is no field {one!r} at this level")
        made.key = tuple(names.index(one) for one in settings.key)
        self._place(made)
        for child, child_settings in settings.repeats.items():
            self._child(made, child, child_settings)
        return made

    def _child(self, parent: CompiledLevel, name: str, settings: LayoutLevel) -> None:
        where = f"{parent.where}.repeats.{name}"
        to = settings.to or name
        try:
            model = repeated(parent.model, to)
        except BadAddress as error:
            raise Contradiction(f"{where}.to" if settings.to else where, str(error)) from error
        for one in parent.fields:
            if one.target and one.target.steps[0].name == to:
                raise Contradiction(
                    where, f"field {one.name!r} already addresses {to}; take it away where each is to be read"
                )
        level = self.level(name, model, settings, parent.depth + 1, where)
        level.to = to
        for other in parent.children:
            if other.to == to:
                other.rivals.append(level)
                level.rivals.append(other)
                if other.constants == level.constants:
                    raise Contradiction(where, f"constants must tell {name} from {other.name}, both are {to}")
        if self._flat or settings.inline:
            if len(parent.settings.repeats) > 1:
                raise Contradiction(where, "a row or element can be repeated for one list only")
            parent.inline = level
        else:
            parent.children.append(level)

    def _path(self, text: str, where: str) -> Path:
        try:
            return parsed(text)
        except ValueError as error:
            raise Contradiction(where, str(error)) from error

    def _field(self, level: CompiledLevel, name: str, settings: FieldSettings) -> CompiledField:
        where = f"{level.where}.fields.{name}"
        target: Target | None = None
        special = ""
        form = "text"
        if settings.to.startswith("@"):
            special = settings.to
            if special not in SPECIALS:
                raise Contradiction(f"{where}.to", f"{special!r} is none of {', '.join(SPECIALS)}")
            if special in OF_DOCUMENT and level.depth:
                raise Contradiction(f"{where}.to", f"{special} belongs to the document, not to its {level.name}")
            if special in {"@amount", "@net_amount"} and "price" not in names_of(level.model):
                raise Contradiction(f"{where}.to", f"{level.name} have no price to compute an amount from")
            if special == "@number" and settings.constant is None:
                raise Contradiction(f"{where}.to", "@number is not a value of the document: say its `constant`")
            form = SPECIALS[special]
        elif settings.to:
            target = self._target(level, settings.to, f"{where}.to")
            form = "basis" if target.steps[-1].name == "price_basis" else form_of(target.leaf)
            if target.many and settings.join is None:
                raise Contradiction(where, f"{settings.to} holds several texts; name what stands between them: join")
        converter = self._converter(settings, form, where)
        filled = self._format.startswith("fixed") and settings.pad.isdigit()
        if filled and form == "number" and self._number(settings.number, where).thousands:
            raise Contradiction(f"{where}.pad", "a number filled up with digits has no marks between thousands")
        codes_out: dict[str, str] = {}
        for outside, inside in settings.codes.items():
            codes_out.setdefault(inside, outside)
        made = CompiledField(
            name=name,
            label=name,
            where=where,
            index=len(level.fields),
            settings=settings,
            target=target,
            special=special,
            form=form,
            converter=converter,
            codes_out=codes_out,
            money=form == "number" and target is not None and target.steps[-1].name in MONEY,
            number_form=self._number(settings.number, where) if form == "number" else None,
            certain=self._certain(settings, target),
        )
        if form in {"number", "basis"}:
            plain = replace(self._number(settings.number, where), thousands="")
            made = replace(made, numbers=values.number(plain))
        made = replace(made, round_to=self._round_to(settings, money=made.money))
        self._try_texts(made)
        return made

    def _certain(self, settings: FieldSettings, target: Target | None) -> bool:
        """Whether a quantity of a ship notice, which has no total, is to be read only where it has one reading."""
        if self._settings.kind != "ship_notice" or target is None or not target.steps[-1].name.startswith("quantity"):
            return False
        own = settings.number.lone_group if settings.number is not None else None
        return (own or self._settings.values.number.lone_group) != "read"

    def _round_to(self, settings: FieldSettings, *, money: bool) -> int | None:
        """As the field says. What the whole layout says is for money: quantities and prices are as fine as they are."""
        own = settings.number.round_to if settings.number is not None else None
        return own if own is not None or not money else self._settings.values.number.round_to

    def _target(self, level: CompiledLevel, address: str, where: str) -> Target:
        try:
            return compiled(level.model, address)
        except BadAddress as error:
            raise Contradiction(where, str(error)) from error

    def _try_texts(self, one: CompiledField) -> None:
        """Constants, defaults and codes must themselves be readable."""
        given = [("constant", one.settings.constant), ("default", one.settings.default)]
        given += [("codes", text) for text in one.settings.codes.values()]
        for key, text in given:
            if text:
                try:
                    one.converter.read(text)
                except values.WrongText as error:
                    raise Contradiction(f"{one.where}.{key}", f"{text!r} is not {error.expected}") from error

    def _constant(self, level: CompiledLevel, address: str, text: str) -> tuple[Target, Any]:
        where = f"{level.where}.constants.{address}"
        target = self._target(level, address, where)
        converter = self._converter(FieldSettings(to=address), form_of(target.leaf), where)
        try:
            return target, converter.read(text)
        except values.WrongText as error:
            raise Contradiction(where, f"{text!r} is not {error.expected}") from error

    def _converter(self, settings: FieldSettings, form: str, where: str) -> Converter:
        general = self._settings.values
        if form in {"number", "basis"}:
            written = self._number(settings.number, where)
            if form == "number":
                return values.number(written)
            return values.price_basis(replace(written, implied_decimals=0, decimals=None))
        if form == "date":
            patterns = _tuple(settings.date or general.date)
            return values.day(with_iso_moments(patterns) if self._format == "xml" else patterns)
        if form == "time":
            return values.clock(_tuple(settings.time or general.time))
        if form in {"integer", "flag"}:
            return values.integer() if form == "integer" else values.flag()
        limit = self._settings.limits.text_length
        return values.text(min(limit, settings.max_length or limit))

    def _number(self, given: NumberSettings | None, where: str) -> NumberForm:
        general = self._settings.values.number
        chosen: dict[str, Any] = {}
        for name in ("decimal", "thousands", "implied_decimals", "decimals", "sign"):
            for source in (given, general):
                value = getattr(source, name) if source else None
                if value is not None:
                    chosen[name] = value
                    break
        form = NumberForm(**chosen)
        if form.implied_decimals:
            form = replace(form, thousands="")
        if form.decimal == form.thousands or any(c.isalnum() or c in "+-()" for c in form.decimal + form.thousands):
            raise Contradiction(f"{where}.number", "decimal and thousands must differ and be no digit, letter or sign")
        return form

    def _place(self, level: CompiledLevel) -> None:
        """Where each field stands, for XML and JSON; rows are laid out once all levels are known."""
        if self._format not in {"json", "xml"}:
            return
        prefix = self._path(level.settings.fields_in, f"{level.where}.fields_in")
        for number, one in enumerate(level.fields):
            twin = twin_of(level, one)
            given = (twin or one).settings.path
            path = self._path(given if given is not None else (twin or one).name, f"{one.where}.path").under(prefix)
            if not all(place.steps for place in path.places):
                raise Contradiction(f"{one.where}.path", "an element that is a value needs a name")
            if self._format == "json" and path.of_xml:
                raise Contradiction(f"{one.where}.path", "name(), text() and .. are of XML")
            level.fields[number] = replace(one, path=path, label=path.text)


def _tuple(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _nullable(model: type[Record]) -> tuple[str, ...]:
    """Fields that must be given but may be None."""
    return tuple(
        name
        for name, info in fields_of(model).items()
        if info.required and type(None) in getattr(info.type, "__args__", ())
    )


def _check_levels(document: CompiledLevel, settings: LayoutFile) -> None:
    for level in document.all():
        if level.inline and level.depth and level.fields and not level.key:
            raise Contradiction(
                f"{level.where}.key", f"rows are grouped into {level.name}: name the fields that are the same in them"
            )
        _check_carried(level)
        addresses = [one.settings.to for one in level.fields if one.target and one.reads]
        for address in addresses:
            if addresses.count(address) > 1:
                raise Contradiction(f"{level.where}.fields", f"{address} is read from two fields")
    if settings.format in TAGGED:
        tags = [level.tag for level in document.all() if level.tag]
        tags += sorted({one.record for level in document.all() for one in level.fields if one.record not in tags})
        for tag in {*tags}:
            if tags.count(tag) > 1 or tag in settings.ignored_tags:
                raise Contradiction("document", f"two records have the tag {tag!r}")


def _check_carried(level: CompiledLevel) -> None:
    """What a record cannot be without has a place or a constant."""
    has = {one.target.steps[0].name for one in level.fields if one.target}
    has |= {target.steps[0].name for target, _ in level.constants}
    for name, info in fields_of(level.model).items():
        if info.required and name not in has:
            raise Contradiction(level.where, f"{level.model.__name__} needs {name}: add a field or a constant for it")


def _check_currency(document: CompiledLevel, settings: LayoutFile, kind: DocumentKind) -> None:
    mapped = any(one.settings.to == "currency" for one in document.fields)
    rule = settings.currency
    if rule is None:
        if kind not in WITHOUT_AMOUNTS:
            raise Contradiction(
                "currency",
                "say where the currency of the amounts comes from: {from: field} with a field "
                "`to: currency`, {constant: EUR}, {from: caller} or {from: order}",
            )
        return
    if (rule.source == "field") != mapped:
        problem = "no field of the document has `to: currency`" if not mapped else "a field has `to: currency` as well"
        raise Contradiction("currency", problem)
