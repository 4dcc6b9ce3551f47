"""Odd but readable files: one conversation spelled in every way that senders are known to spell it.

A `Style` is one sender's habits. `spell` writes the same interchanges by any style, so that what is read of it can
be compared with what is read of the clean spelling.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import strategies as st

#: Elements by segment; a component separator inside an element is written \x1f.
Segments = list[list[str]]


def segments_of(text: str) -> Segments:
    """From the notation of the other tests: * > ~."""
    return [piece.replace(">", "\x1f").split("*") for piece in text.split("~") if piece]


PARTY = "N1*ST*ACME PLANT*92*0099~N3*1 MAIN ST*SUITE 4~N4*COLUMBUS*OH*43215*US~"
#: Set type and body of one document of each kind.
BODIES: dict[str, str] = {
    "850": "BEG*00*SA*4500000042**20261121~CUR*BY*USD~REF*DP*038~ITD*08*3*2**10**30~DTM*002*20261215~" + PARTY
    + "PO1*1*100*EA*12.5*PE*VP*WIDGET-001*BP*A-100~PID*F****WIDGET~SAC*C*D240***1500~"
    "PO1*2*60*EA*.33**VP*BRKT-050~CTT*2*160~AMT*TT*1269.8~",
    "855": "BAK*00*AC*4500000042*20261121****S-991*20261122~" + PARTY
    + "PO1*1*100*EA*12.5*PE*VP*WIDGET-001~ACK*IA*60*EA*067*20261215~ACK*IB*40*EA*067*20270110~CTT*1~",
    "856": "BSN*00*SHIP-1*20261121*0215*0001~HL*1**S*1~TD5*B*2*UPSN*M~REF*BM*B-1~" + PARTY
    + "HL*2*1*O*1~PRF*PO-1***20261101~HL*3*2*P*1~MAN*GM*00300000000000000011~HL*4*3*I*0~LIN*1*VP*A~SN1**10*EA~"
    "HL*5*2*I*0~LIN*2*VP*B~SN1**5*CA~CTT*5*15~",
    "860": "BCH*04*SA*PO-1***20261101~POC*1*QD*80*80*EA>1*12.5**VP*X~CTT*1~",
    "865": "BCA*04*AC*PO-1***20261101~POC*1*QD*80*80*EA*12.5**VP*X~ACK*IA*80*EA~CTT*1~",
    "810": "BIG*20261121*INV-1*20261101*PO-1~CUR*SE*USD~" + PARTY
    + "IT1*1*100*EA*12.5**VP*WIDGET-001~PID*F****WIDGET~IT1*2*60*EA*.35**VP*BRKT-050~TDS*127600~"
    "SAC*C*D240***1500~SAC*A*C310***1000~CTT*2~",
    "820": "BPR*C*150.5*C*ACH*CTX*01*091000019*DA*92283334*1657777777**01*148529553*DA*4711*20261130~TRN*1*T-1~"
    "N1*PR*ACME CORP*92*0042~ENT*1~RMR*IV*INV-1*PI*100*110*10~REF*PO*PO-1~RMR*IV*INV-2**50.5~",
    "824": "BGN*00*ADV-1*20261121*0215~OTI*TR*IV*INV-1*SELLER*BUYER*20261120**77*0001*810*004010~"
    "TED*ZZZ*PRICE DIFFERS*IT1*7*4*212*12.5~",
    "997": "AK1*PO*77~AK2*850*0001~AK3*PO1*7**8~AK4*5>1*355*5*EACH~AK5*R*5~AK9*R*1*1*0~",
}  # fmt: skip
GROUPS = {
    "850": "PO", "855": "PR", "856": "SH", "860": "PC", "865": "CA", "810": "IN", "820": "RA", "824": "AG", "997": "FA"
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How one sender writes. `seed` decides what varies from segment to segment."""

    element: str = "*"
    component: str = ">"
    terminator: str = "~"
    suffixes: tuple[str, ...] = ("",)
    indents: tuple[str, ...] = ("",)
    mark: bytes = b""
    before: str = ""
    after: str = ""
    header: str = "fixed"
    isa_version: str = "00401"
    standard: str = "U"
    version: str = "004010"
    trailing_elements: int = 0
    trailing_component: bool = False
    last_terminator: bool = True
    wrapped: int = 0
    services: bool = False
    ta1: bool = False
    group_id: str = ""
    zeros: bool = False
    encoding: str = "latin-1"
    seed: int = 0
    control: int = 77
    doubled: bool = False
    blanks_in: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


def spell(style: Style, set_types: tuple[str, ...]) -> bytes:
    """One interchange with a group for each set."""
    random = Random(style.seed)
    body: Segments = []
    if style.services:
        body += [["ISB", "1"], ["ISE", "200601", "0515", "04"]]
    if style.ta1:
        body.append(["TA1", "000000055", "261120", "0215", "A", "000"])
    for number, set_type in enumerate(set_types, start=1):
        control = f"{style.control + number:05d}" if style.zeros else str(style.control + number)
        functional = style.group_id or GROUPS[set_type]
        body.append(["GS", functional, "SELLER", "BUYER", "20261121", "0215", control, "X", style.version])
        inside = segments_of(BODIES[set_type])
        body.append(["ST", set_type, f"{number:04d}"])
        body += inside
        body.append(["SE", str(len(inside) + 2), f"{number:04d}"])
        body.append(["GE", "1", str(style.control + number)])
    body.append(["IEA", str(len(set_types)), f"{style.control:09d}"])
    text = _header(style) + style.component + style.terminator + random.choice(style.suffixes)
    for elements in body:
        text += random.choice(style.indents) + _segment(style, elements, random) + style.terminator
        if style.doubled and random.random() < 0.2:
            text += style.terminator
        text += random.choice(style.suffixes)
    if not style.last_terminator:
        text = text.rstrip("\r\n\t ").removesuffix(style.terminator)
    if style.wrapped:
        text = "\r\n".join(text[i : i + style.wrapped] for i in range(0, len(text), style.wrapped))
    data = (style.before + text + style.after).encode(style.encoding)
    if style.header == "no-break":
        data = data.replace(b"\xa0", "\xa0".encode())
    return style.mark + data


def _segment(style: Style, elements: list[str], random: Random) -> str:
    spelled = [element.replace("\x1f", style.component) for element in elements]
    if style.blanks_in:
        spelled = [spelled[0], *(e + " " * random.choice((0, 0, 1, 4)) if e else e for e in spelled[1:])]
    spelled += [""] * (style.trailing_elements if random.random() < 0.7 else 0)
    tail = style.component if style.trailing_component and random.random() < 0.9 else ""
    return style.element.join(spelled) + tail


def _header(style: Style) -> str:
    blank, sender, receiver = " " * 10, "SELLER".ljust(15), "BUYER".ljust(15)
    if style.header == "trimmed":
        blank, sender, receiver = " ", "SELLER ", "BUYER"
    elif style.header == "empty":
        blank, sender, receiver = "", "SELLER", "BUYER"
    elif style.header in {"no-break", "no-break-latin"}:
        blank = "\xa0" * 10
    elif style.header == "wide":
        blank, sender, receiver = " " * 12, "SELLER".ljust(18), "BUYER".ljust(20)
    elements = ["ISA", "00", blank, "00", blank, "ZZ", sender, "ZZ", receiver, "261121", "0215"]
    elements += [style.standard, style.isa_version, f"{style.control:09d}", "0", "P", ""]
    return style.element.join(elements)


#: Characters that stand nowhere in the bodies.
_ELEMENTS = ["*", "|", "~", "+", "\x1d", "!", "^", "%", "\t", ";", "\xa6", "`", "{", "#", ",", "=", "\x01", "&"]
_COMPONENTS = [">", ":", "\\", "\x1f", "<", "@", "\xb7", "~", "^", "}", "$", "_", "?"]
_TERMINATORS = [
    "~", "\n", "\r", "\r\n", "\\", "'", "\x1c", "\x15", "\x85", "\xa7", "\xac", "!", "|", "^", "]", '"', "*", "\x0b",
    "\x0c", "\x1e",
]  # fmt: skip
_LINE_ENDS = [("",), ("\n",), ("\r\n",), ("\r",), ("\n", "\r\n", ""), (" \n",), ("\t\r\n", "\n"), ("\n\n", "\n")]
_BEFORE = [
    "", "", "\r\n \t", "\xa0 ", "From: edi@acme.example\r\nSubject: your ISA file\r\n\r\n", "\x00\x00",
    "//ISA FOLLOWS\n",    "<pre>\n", "%PDF ISA*is not here\n",
]  # fmt: skip
_AFTER = ["", "", "\r\n", "\x1a", "\r\n\x1a\x00\x00", "\n\n  \n", "\n-- \nsent by acme\n", "</pre>"]


@st.composite
def styles(draw: st.DrawFn) -> Style:
    """Any sender's habits, all of them together."""
    element = draw(st.sampled_from(_ELEMENTS))
    component = draw(st.sampled_from([c for c in _COMPONENTS if c != element]))
    terminator = draw(st.sampled_from([t for t in _TERMINATORS if t not in {element, component}]))
    by_line = terminator in {"\n", "\r", "\r\n"}
    ends = [end for end in _LINE_ENDS if element not in "".join(end)]
    suffixes = ("",) if by_line else draw(st.sampled_from(ends))
    blank_marks = element == "\t" or terminator in {"\x0b", "\x0c"}
    indents = ("",) if blank_marks else draw(st.sampled_from([("",), ("",), ("  ", ""), ("\t",), ("\t", "\r\n   ")]))
    wrapped = (
        0 if by_line or suffixes != ("",) or indents != ("",) or blank_marks else draw(st.sampled_from([0, 80, 72]))
    )
    newer = draw(st.booleans())
    standards = [s for s in ("U", "^", "[", "U", "|") if s not in {element, component, terminator}] if newer else ["U"]
    unicode_ = draw(st.booleans()) and (element + component + terminator).isascii()
    headers = ["fixed", "fixed", "trimmed", "empty", "wide", "no-break" if unicode_ else "no-break-latin"]
    return Style(
        element=element,
        component=component,
        terminator=terminator,
        suffixes=suffixes,
        indents=indents,
        mark=b"\xef\xbb\xbf" if unicode_ and draw(st.booleans()) else b"",
        before=draw(st.sampled_from(_BEFORE)),
        after=draw(st.sampled_from(_AFTER)),
        header="fixed" if element == "\t" else draw(st.sampled_from(headers)),
        isa_version=draw(
            st.sampled_from(["00501", "00403", "00406", "00602"] if newer else ["00401", "00400", "00200"])
        ),
        standard=draw(st.sampled_from(standards)),
        version=draw(st.sampled_from(["004010", "004010VICS", "005010", "004030", "003060", "006040", "004010UCS"])),
        trailing_elements=draw(st.sampled_from([0, 0, 1, 3])),
        trailing_component=draw(st.sampled_from([False, False, True])),
        last_terminator=draw(st.booleans()),
        wrapped=wrapped,
        services=draw(st.booleans()),
        ta1=draw(st.booleans()),
        group_id=draw(st.sampled_from(["", "", "ZZ"])),
        zeros=draw(st.booleans()),
        seed=draw(st.integers(0, 99)),
        doubled=draw(st.sampled_from([False, False, True])),
        blanks_in=draw(st.sampled_from([False, False, True])),
    )
