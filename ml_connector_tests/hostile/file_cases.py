"""Hostile files, as a table: what a partner, or whoever has their mailbox, can leave in a folder, and what becomes of
it.
"""

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector.sandbox.cleo.files import Content, Filler
from ml_connector_tests.hostile.interchanges import UNITS, Envelope, Invoice, acknowledgment, line_of, notice

Order = Mapping[str, Any]
POSTED = (("posted", None),)
NOT_X12 = (("quarantined", "not_x12"),)
INCOMPLETE = (("quarantined", "incomplete_file"),)
TOO_LARGE = (("quarantined", "too_large"),)
REJECTED = (("rejected", "bad_value"),)
APPLIED = (("applied", None),)


def held(reason: str) -> tuple[tuple[str, str], ...]:
    return (("quarantined", reason),)


BAD_VALUE = held("bad_value")
STRANGER = held("unknown_partner")
NO_ORDER = held("no_such_order")
NO_LINE = held("no_such_order_line")
CURRENCY = held("currency_mismatch")
TOTAL = held("total_difference")
UNSUPPORTED = held("unsupported_document")
NOTHING_SENT = held("acknowledges_nothing_sent")


@dataclass(frozen=True)
class Case:
    """make: the file's content, for an order that it may invoice. listed: the size that the listing claims.

    docs: (state, reason) of each document. words, finding: what the reason's message, and the findings of interchange
    and groups, must say. kept: whether the bytes are fetched.
    """

    id: str
    make: Callable[[Order, str], bytes | Content]
    docs: tuple[tuple[str, str | None], ...] = ()
    words: str = ""
    finding: str = ""
    name: str = "in.edi"
    listed: int | None = None
    kept: bool = True


def _inv(**changes: Any) -> Callable[[Order, str], bytes]:
    """A good invoice but for what is said here; `env` changes the envelope."""
    env = changes.pop("env", {})

    def make(order: Order, number: str) -> bytes:
        return Invoice(**{"number": number, "order": order, "envelope": Envelope(**env), **changes}).bytes()

    return make


def _line(**changes: Any) -> Callable[[Order, str], bytes]:
    """A good invoice whose first line says something else."""

    def make(order: Order, number: str) -> bytes:
        first, *others = order["lines"]
        lines = (line_of(first, **changes), *map(line_of, others))
        return Invoice(number, order, lines=lines).bytes()

    return make


def _cut(at: bytes, after: int = 0) -> Callable[[Order, str], bytes]:
    """A good invoice cut off `after` bytes behind the first `at`."""

    def make(order: Order, number: str) -> bytes:
        data = Invoice(number, order).bytes()
        return data[: data.index(at) + after]

    return make


def _swap(old: bytes, new: bytes) -> Callable[[Order, str], bytes]:
    def make(order: Order, number: str) -> bytes:
        data = Invoice(number, order).bytes()
        assert old in data
        return data.replace(old, new, 1)

    return make


def _raw(data: bytes | Content) -> Callable[[Order, str], bytes | Content]:
    return lambda _order, _number: data


def _good(order: Order, number: str) -> bytes:
    return Invoice(number, order).bytes()


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil.edi", b"0" * 1_000_000)
    return packed.getvalue()


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]><l>&j;</l>"
)

NAMES = [
    Case(f"name {id_}", _good, POSTED, name=name)
    for id_, name in {
        "parent folders": "../../../../etc/passwd",
        "absolute": "/etc/cron.d/evil",
        "windows path": "C:\\Windows\\System32\\drivers\\etc\\hosts",
        "network path": "\\\\evil.example\\share\\x.edi",
        "windows device": "CON.edi",
        "windows device without ending": "NUL",
        "nul": "a\x00b.edi",
        "line break": "a\r\nSet-Cookie: x=1.edi",
        "escape sequence": "\x1b[2Jx.edi",
        "900 characters": "n" * 900 + ".edi",
        "right-to-left override": "invoice\u202eide.exe",
        "isolate marks": "\u2067x\u2069.edi",
        "line separator": "a\u2028b.edi",
        "dot dot": "..",
        "dot": ".",
        "empty": "",
        "blank": "   ",
        "percent encoded": "%2e%2e%2f%2e%2e%2fx.edi",
        "shell": "$(rm -rf ~);`id`|x.edi",
        "html": "<script>alert(1)</script>.edi",
        "formula": "=cmd|' /C calc'!A0.edi",
        "sql": "x'; DROP TABLE document;--.edi",
        "emoji": "\U0001f4a3.edi",
        "format string": "%s%n{0.__class__}.edi",
    }.items()
]

NOT_EDI = [
    Case("zero bytes", _raw(b""), NOT_X12, "nothing in it"),
    Case("html", _raw(b"<!doctype html><html><body>502 Bad gateway</body></html>"), NOT_X12, "begins with"),
    Case("xml bomb", _raw(BOMB), NOT_X12, "begins with"),
    Case("xml external entity", _raw(b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'), NOT_X12),
    Case("json", _raw(b'{"invoice": {"number": 1e400}}'), NOT_X12, "begins with"),
    Case("deep json", _raw(b"[" * 200_000), NOT_X12),
    Case("gzip bomb", _raw(gzip.compress(b"0" * 10_000_000)), NOT_X12),
    Case("zip with parent folders", _raw(_zip()), NOT_X12),
    Case("prose", _raw(b"Dear Sirs, please find attached our invoice."), NOT_X12, "Dear Sirs"),
    Case("edifact", _raw(b"UNA:+.? 'UNB+UNOC:3+A:14+B:14+261121:0900+1'UNZ+0+1'"), NOT_X12),
    Case("nine megabytes of nothing", _raw(Filler(9_000_000, byte=b"\x00")), NOT_X12, "nothing in it"),
    Case("nine megabytes of text", _raw(Filler(9_000_000)), NOT_X12),
    Case("random bytes", _raw(bytes(range(256)) * 50), NOT_X12),
    Case("only ISA", _raw(b"ISA"), NOT_X12),
    Case("terminal escapes", _raw(b"\x1b]0;owned\x07\x1b[2J"), NOT_X12),
    Case("utf-16", lambda o, n: _good(o, n).decode().encode("utf-16"), POSTED),
    Case("lower case", lambda o, n: _good(o, n).lower(), (("quarantined", "unknown_partner"),)),
    Case("10,000 ISA without an interchange", _raw(b"ISA*" * 10_000), NOT_X12),
    Case("byte-order mark", lambda o, n: b"\xef\xbb\xbf" + _good(o, n), POSTED),
]

CUT = [
    Case("cut in ISA", _cut(b"VOLTWERK"), NOT_X12, "begins with"),
    Case("cut after ISA", _cut(b"GS*"), (), finding="no IEA"),
    Case("cut in GS", _cut(b"GS*", 8), (), finding="no IEA"),
    Case("cut in ST", _cut(b"ST*810", 4), REJECTED, "ST01", finding="no IEA"),
    Case("cut in BIG", _cut(b"BIG*", 12), REJECTED, "no SE", finding="no IEA"),
    Case("cut in a line", _cut(b"IT1*", 6), REJECTED, "no SE", finding="no IEA"),
    Case("cut before SE", _cut(b"SE*"), REJECTED, "no SE", finding="no IEA"),
    Case("cut before GE", _cut(b"~GE*", 1), INCOMPLETE, "no end", finding="no GE"),
    Case("cut before IEA", _cut(b"IEA*"), INCOMPLETE, "no end", finding="no IEA"),
    Case("no IEA", _inv(env={"iea": None}), INCOMPLETE, "no end", finding="no IEA"),
]

SIZES = [
    Case("300 MB", _raw(Filler(300_000_000, b"ISA*")), TOO_LARGE, "300000000 bytes", kept=False),
    Case("300 MB listed as 10 bytes", _raw(Filler(300_000_000, b"ISA*")), TOO_LARGE, "larger", listed=10, kept=False),
    Case("listed as 10 to the 17th", _good, TOO_LARGE, "larger", listed=10**17, kept=False),
    Case("listed as 10 to the 30th", _good, POSTED, listed=10**30),
    Case("listed as less than none", _good, POSTED, listed=-5),
]

ENVELOPES = [
    Case("IEA counts wrong", _inv(env={"iea": "IEA*99*{control}"}), POSTED, finding="IEA01 says"),
    Case("IEA has another number", _inv(env={"iea": "IEA*1*000000666"}), POSTED, finding="differ"),
    Case("IEA counts 10 to the 40th", _inv(env={"iea": "IEA*1" + "0" * 40 + "*{control}"}), POSTED, finding="IEA01"),
    Case("GE counts wrong", _inv(env={"ge": "GE*7*{group}"}), POSTED, finding="GE01 says"),
    Case("GE has another number", _inv(env={"ge": "GE*{sets}*666"}), POSTED, finding="GE02"),
    Case("no GE", _inv(env={"ge": None}), POSTED, finding="no GE"),
    Case("SE counts wrong", _inv(se="SE*999*0001"), REJECTED, "SE01 says"),
    Case("SE has another number", _inv(se="SE*12*9999"), REJECTED, "ST02 .* and SE02 .* differ"),
    Case("no SE", _inv(se="NTE**x"), REJECTED, "no SE"),
    Case("test on production", _inv(env={"usage": "T"}), held("test_on_production"), "marked 'T'"),
    Case("usage I", _inv(env={"usage": "I"}), held("test_on_production"), "marked 'I'"),
    Case("usage of many letters", _inv(env={"usage": "PRODUCTION"}), held("test_on_production"), "is production"),
    Case("stranger", _inv(env={"sender": "MALLORY"}), STRANGER, "ZZ/MALLORY"),
    Case("stranger with our identity", _inv(env={"sender": "VOLTWERK"}), STRANGER, "ZZ/VOLTWERK"),
    Case("stranger of a long name", _inv(env={"sender": "M" * 20, "sender_qualifier": "Q" * 20}), STRANGER, "QM?/M"),
    Case("stranger called constructor", _inv(env={"sender": "constructor"}), STRANGER, "ZZ/constructor"),
    Case("sender with a NUL in it", _inv(env={"sender": "NORTH\x00WIND"}), STRANGER, "No partner"),
    Case("other receiver", _inv(env={"receiver": "SOMEBODY"}), STRANGER, "to ZZ/SOMEBODY, we are ZZ/VOLTWERK"),
    Case("version unheard of", _inv(env={"version": "99999", "group_version": "999999"}), REJECTED, "999999.*GS08"),
    Case("version is a word", _inv(env={"version": "LATEST"}), POSTED),
    Case("group version of 500 letters", _inv(env={"group_version": "9" * 500}), REJECTED, "GS08"),
    Case("control number is a word", _inv(env={"isa_control": "CONTROL", "gs_control": "1"}), POSTED, finding="ISA13"),
    Case("group number of 30 digits", _inv(env={"gs_control": "9" * 30}), POSTED, finding="GS06"),
    Case("group number below nothing", _inv(env={"gs_control": "-5"}), POSTED, finding="GS06"),
    Case("group number with a NUL", _inv(env={"gs_control": "1\x002"}), POSTED, finding="GS06"),
    Case("functional id of 300 letters", _inv(env={"functional_id": "I" * 300}), POSTED),
    Case("functional id of another set", _inv(env={"functional_id": "PO"}), POSTED),
    Case("set number of 300 characters", _inv(set_control="9" * 300), REJECTED, "ST02"),
    Case("set number empty", _inv(set_control=""), REJECTED, "ST02"),
    Case("set of an unknown kind", _swap(b"ST*810", b"ST*666"), REJECTED, '"666" is not supported'),
    Case("set kind is a path", _swap(b"ST*810", b"ST*../../etc"), REJECTED, "ST01"),
    Case("an order where an invoice is due", _swap(b"ST*810", b"ST*850"), REJECTED, "BIG is not part of set 850"),
    Case("no group", lambda o, n: _without(_good(o, n), b"GS*", b"GE*"), POSTED, finding="without a GS"),
    Case(
        "text behind IEA",
        lambda o, n: _good(o, n) + b"\r\nGET /\x00 HTTP/1.1\r\n",
        (*POSTED, ("quarantined", "not_x12")),
    ),
    Case("text between sets", _swap(b"~GE*", b"~evil\x00\xff~GE*"), POSTED, finding="stray_text"),
    Case("text before ISA", lambda o, n: b"HTTP/1.1 200 OK\r\n\r\n" + _good(o, n), POSTED),
    Case("terminator is a letter", _inv(env={"terminator": "Q"}), POSTED),
    Case("10,000 empty segments", _swap(b"~TDS*", b"~" * 10_000 + b"TDS*"), POSTED),
    Case(
        "100 empty groups",
        _swap(b"~GE*1*", b"~GE*0*1~GS*IN*A*B*20261121*0900*1*X*004010" * 100 + b"~GE*1*"),
        POSTED,
        finding="GS06",
    ),
    Case("5 MB segment", _inv(extra=("PID*F****" + "x" * 5_000_000,)), REJECTED, "longer than allowed"),
    Case("a million elements", _inv(extra=("PID" + "*x" * 1_000_000,)), REJECTED, "longer than allowed"),
    Case("a million components", _inv(extra=("PID*F****" + ">x" * 1_000_000,)), REJECTED, "longer than allowed"),
    Case("40 MB set", _swap(b"~TDS*", b"~PID*F****x" * 4_000_000 + b"~TDS*"), REJECTED, "longer than allowed"),
    Case("5,000 segments unheard of", _inv(extra=("ZZZ*1",) * 5_000), POSTED),
]


def _without(data: bytes, *starts: bytes) -> bytes:
    return b"~".join(segment for segment in data.split(b"~") if not segment.startswith(starts))


VALUES = [
    Case("invoice number constructor", _inv(number="constructor"), POSTED),
    Case("invoice number __proto__", _inv(number="__proto__"), POSTED),
    Case("invoice number sql", _inv(number="'; DROP TABLE file;"), POSTED),
    Case("invoice number odata", _inv(number="x' or 'a' eq 'a"), POSTED),
    Case("invoice number formula", _inv(number="=1+1"), POSTED),
    Case("invoice number markup", _inv(number="<b>1</b>&amp;"), POSTED),
    Case("invoice number in braces", _inv(number="{0}%s${HOME}"), POSTED),
    Case("invoice number of 4,000 characters", _inv(number="9" * 4000), BAD_VALUE, "4000 characters"),
    Case("invoice number empty", _inv(number=""), REJECTED, "BIG02 is mandatory"),
    Case("invoice number blank", _inv(number="   "), REJECTED, "BIG02 is mandatory"),
    Case("invoice number with a NUL", _inv(number="A\x00B"), REJECTED, "BIG02 .*control character"),
    Case("invoice number with a bell", _inv(number="A\x07\x1b[2J"), REJECTED, "BIG02 .*control character"),
    Case("invoice number of broken utf-8", _swap(b"BIG*20261121*", b"BIG*20261121*\xff\xfe\xc3"), POSTED),
    Case("order number odata", _inv(order_number="1' or 1 eq 1"), NO_ORDER, "1' or 1 eq 1"),
    Case("order number of 60,000 digits", _inv(order_number="9" * 60_000), NO_ORDER, "names purchase order 999"),
    Case("order number with a NUL", _inv(order_number="26\x0000"), held("unreadable_text"), "U.001A"),
    Case("date 99999999", _inv(date="99999999"), REJECTED, "BIG01 .*not a date"),
    Case("date 00000000", _inv(date="00000000"), REJECTED, "BIG01 .*not a date"),
    Case("date 20260231", _inv(date="20260231"), REJECTED, "BIG01 .*not a date"),
    Case("date at the end of the calendar", _inv(date="99991231"), held("invoice_date_ahead"), "9999-12-31"),
    Case("date in the year 1", _inv(date="00010101"), BAD_VALUE, "0001-01-01"),
    Case("due in a thousand million days", _inv(extra=("ITD*01*3*****999999999",)), POSTED),
    Case("currency XXXX", _inv(currency="XXXX"), CURRENCY, "XXXX"),
    Case("currency XXX", _inv(currency="XXX"), CURRENCY, "XXX"),
    Case("currency is markup", _inv(currency="<b"), CURRENCY, "<B"),
    Case("negative quantity", _line(quantity="-5"), TOTAL, "The lines come to"),
    Case("no quantity", _line(quantity="0"), TOTAL, "The lines come to"),
    Case("quantity 1e400", _line(quantity="1E400"), REJECTED, "IT102"),
    Case("quantity NaN", _line(quantity="NaN"), REJECTED, "IT102"),
    Case("quantity infinite", _line(quantity="Infinity"), REJECTED, "IT102"),
    Case("quantity of 400 digits", _line(quantity="9" * 400), TOTAL, "The lines come to"),
    Case("quantity of 15 digits", _line(quantity="9" * 15), held("quantity_tolerance"), "invoiced in all"),
    Case("quantity in other digits", _line(quantity="\u0661\u0662"), REJECTED, "IT102"),
    Case("quantity with thousands", _line(quantity="1,000.50"), held("quantity_tolerance"), "1000.50? invoiced in all"),
    Case("negative price", _line(price="-1.00"), TOTAL, "The lines come to"),
    Case("price 1e400", _line(price="1e400"), REJECTED, "IT104"),
    Case("price of 300 decimals", _line(price="0." + "3" * 300), TOTAL, "The lines come to"),
    Case("item is sql", _line(item="' OR '1'='1"), POSTED),
    Case("item of 10,000 characters", _line(item="A" * 10_000), POSTED),
    Case("line number of 300 digits", _line(number="9" * 300), POSTED),
    Case("unit is a path", _line(unit="../"), held("unit_mismatch"), r"\.\./"),
    Case("total NaN", _inv(total="NaN"), REJECTED, "TDS01"),
    Case("total 1e400", _inv(total="1E400"), REJECTED, "TDS01"),
    Case("total of 18 digits", _inv(total="9" * 18), TOTAL, "9999999999999999.99"),
    Case("total of 24 digits", _inv(total="9" * 24), TOTAL, "9999999999999999999999.99"),
    Case("total of 60 digits", _inv(total="9" * 60), BAD_VALUE, "no total"),
    Case("negative total", _inv(total="-100"), held("sign_contradiction")),
    Case("tax NaN", _inv(vat="NaN"), REJECTED, "TXI02"),
    Case("tax of 18 digits", _inv(vat="9" * 18), TOTAL, "The lines come to"),
    Case("CTT counts wrong", _inv(ctt="CTT*999999"), POSTED),
    Case("type unheard of", _inv(type="HACK"), UNSUPPORTED, "of type HACK"),
    Case("charge of an unknown code", _inv(extra=("SAC*C*ZZZZ***1750**********EVIL",)), TOTAL, "The lines come to"),
    Case("allowance of everything", _inv(extra=("SAC*A*C310***99999999999**********ALL",)), TOTAL, "come to -9"),
    Case("500 charges", _inv(extra=("SAC*C*D240***1",) * 500), TOTAL, "The lines come to"),
    Case("500 lines", _inv(lines=tuple(f"IT1*{i}*1*EA*1**VP*X{i}" for i in range(500))), NO_LINE, "is not on"),
    Case(
        "the same line 50 times",
        lambda o, n: Invoice(n, o, lines=(line_of(o["lines"][0]),) * 50).bytes(),
        held("quantity_tolerance"),
        "invoiced in all",
    ),
    Case("control characters in a name", _inv(extra=("N1*SU*\x01\x02\x1b[31mred\x7f*92*20011",)), POSTED),
    Case("name of another script", _inv(extra=("N1*SU*\u202e\u0627\u0644\U0001f4a3",)), POSTED),
]


def _chain(levels: int) -> list[str]:
    return [f"HL*{i}*{i - 1 or ''}*{'S' if i == 1 else 'P'}" for i in range(1, levels + 1)]


def _levels(*segments: str) -> Callable[[Order, str], bytes]:
    return lambda _order, number: notice(number, segments)


def _shipped(quantity: str) -> Callable[[Order, str], bytes]:
    """A notice that ships so much of the order's first line."""

    def make(order: Order, number: str) -> bytes:
        line = order["lines"][0]
        item = f"LIN*1*VP*{line['supplier_item']}"
        levels = ["HL*1**S", "HL*2*1*O", f"PRF*{order['number']}", "HL*3*2*I", item]
        return notice(number, [*levels, f"SN1**{quantity}*{UNITS[line['unit']]}"])

    return make


NOTICES = [
    Case("levels that contain themselves", _levels("HL*1*1*S", "HL*2*2*O", "PRF*1", "HL*3*2*I"), BAD_VALUE, "HL02"),
    Case(
        "levels in a circle", _levels("HL*1*3*S", "HL*2*1*O", "HL*3*2*I", "LIN**VP*X", "SN1**1*EA"), BAD_VALUE, "HL02"
    ),
    Case("level below nothing", _levels("HL*1**S", "HL*2*77*O", "HL*3*2*I", "LIN**VP*X", "SN1**1*EA"), BAD_VALUE, "77"),
    Case("levels of one number", _levels("HL*1**S", *["HL*2*1*O", "PRF*1"] * 300), NO_ORDER, "order 1,"),
    Case("2,000 levels deep", lambda o, n: notice(n, _chain(2000)), BAD_VALUE, "ships nothing"),
    Case("level numbers are words", _levels("HL*A**S", "HL*B*A*O", "HL*C*B*I", "LIN**VP*X"), NO_ORDER),
    Case("no levels", _levels("DTM*011*20261121"), REJECTED, "HL is mandatory"),
    Case("levels of an unknown kind", _levels("HL*1**S", "HL*2*1*ZZ", "HL*3*2*??"), UNSUPPORTED, "level ZZ"),
    Case("shipped less than nothing", _shipped("-5"), BAD_VALUE, "-5"),
    Case("shipped 15 digits", _shipped("9" * 15), held("over_shipment"), "999999999999999"),
]


def _answers(*segments: str) -> Callable[[Order, str], bytes]:
    return lambda _order, _number: acknowledgment(segments)


ANSWERS = [
    Case("answers what was never sent", _answers("AK1*PO*424242", "AK9*A*1*1*1"), NOTHING_SENT, "PO 424242"),
    Case("answers group abc", _answers("AK1*PO*abc", "AK9*A*1*1*1"), REJECTED, "AK102"),
    Case("answers group of 40 digits", _answers("AK1*PO*" + "9" * 40, "AK9*A*1*1*1"), NOTHING_SENT, "PO 999"),
    Case("answers group of 18 digits", _answers("AK1*PO*" + "9" * 18, "AK9*A*1*1*1"), NOTHING_SENT, "PO 999"),
    Case("answers nothing", _answers(), REJECTED, "AK1 is mandatory"),
    Case("refuses an answer of ours", _answers("AK1*FA*1", "AK9*R*1*1*0"), APPLIED),
    Case("answer code of its own", _answers("AK1*PO*1", "AK9*Z*1*1*1"), NOTHING_SENT, "PO 1,"),
    Case("counts of 30 digits", _answers("AK1*PO*1", f"AK9*A*{'9' * 30}*1*1"), NOTHING_SENT, "PO 1,"),
    Case(
        "500 complaints",
        _answers("AK1*PO*1", "AK2*850*0001", *["AK3*PO1*1**8", "AK4*1**7*x"] * 500, "AK5*R*5", "AK9*R*1*1*0"),
        NOTHING_SENT,
        "PO 1,",
    ),
]

CASES = [*NAMES, *NOT_EDI, *CUT, *SIZES, *ENVELOPES, *VALUES, *NOTICES, *ANSWERS]
