"""Which of a folder's layouts a file is of, told by its content and never by its name (edi-operations 3).

A layout claims a file by signs: headings, element names, or, where rows have neither, values that are what the layout
says of them. A file that no layout claims is held as one, with the reason of each; so is one that two layouts claim and
read as two different things.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import attrgetter

from ml_connector.errors import SenderMustCorrect
from ml_connector.flows.inbound.format_detection import BLANKS, HEAD_BYTES, Candidate, names_of, shape_of
from ml_connector.layouts import ReadDocument, read_documents
from ml_connector.layouts.convert.field_values import flat

#: Layouts told of when none fits; and how much of what each says.
MOST_TOLD, MOST_SAID = 20, 400
#: Documents that are looked at before a layout is chosen.
LOOKED_AT = 20
#: Findings that say that something in the file is not read.
UNREAD = frozenset({"unknown_column", "unknown_field"})
#: What two readings of a document are the same by.
_SAME = attrgetter("document", "accepted", "partner", "revision")


@dataclass(frozen=True)
class Claim:
    """A layout that a file may be of, by its first documents. `rest` are those behind them."""

    candidate: Candidate
    first: Sequence[ReadDocument]
    rest: Iterator[ReadDocument]

    @property
    def accepted(self) -> bool:
        return self.first[0].accepted

    @property
    def errors(self) -> int:
        return sum(finding.is_error for one in self.first for finding in one.findings)

    @property
    def unread(self) -> int:
        return sum(finding.code in UNREAD for one in self.first for finding in one.findings)

    @property
    def stands(self) -> bool:
        """Whether there are signs that the file is of this layout: as many as speak against it, where rows have
        neither headings nor names.
        """
        layout = self.candidate.layout
        signs = sum(one.signs for one in self.first)
        if any(one.accepted for one in self.first) or (layout.format == "csv" and layout.settings.csv.header):
            return True
        return signs > 0 if layout.format == "xml" else signs > 0 and signs >= self.errors

    @property
    def named(self) -> int:
        """0 where a document names a partner of this layout, 1 where none names anybody, 2 where others are named."""
        said = {one.partner.strip().casefold() for one in self.first} - {""}
        if not said or not self.candidate.partners:
            return 1
        return 0 if any(said & names_of(partner) for partner in self.candidate.partners) else 2

    def rank(self) -> tuple[bool, bool, int]:
        """The least is the best: whose partner is named, then who reads it without error, then who has least."""
        return self.named > 0, not self.accepted, self.named


def read_flat(data: bytes, known: Sequence[Candidate]) -> tuple[Candidate, Iterator[ReadDocument]]:
    """The layout that fits a file, and the file's documents by it.

    Raises:
        SenderMustCorrect: none fits, or two fit and say different things; says of each why. `unfinished` in its data:
            the rest may still come.
    """
    shape = shape_of(data[:HEAD_BYTES])
    reasons: list[str] = []
    claims: list[Claim] = []
    for candidate in known:
        if candidate.shape != shape:
            reasons.append(f"{candidate.layout.name}: is for {candidate.shape}, the file is {shape}.")
            continue
        documents = read_documents(data, candidate.layout, currency=candidate.currency)
        try:
            claim = Claim(candidate, list(islice(documents, LOOKED_AT)), documents)
        except SenderMustCorrect as error:
            reasons.append(f"{candidate.layout.name}: {error.message[:MOST_SAID]}")
            continue
        if claim.stands:
            claims.append(claim)
        else:
            reasons.append(f"{candidate.layout.name}: {_against(claim)}")
    if not claims:
        raise _none_fits(shape, reasons, unfinished=not _ends(data, shape))
    chosen, documents = _chosen(claims)
    return chosen.candidate, documents


def _against(claim: Claim) -> str:
    """Why a layout does not claim a file although it can be cut into its fields."""
    (first, *_) = [finding.message for one in claim.first for finding in one.findings if finding.is_error] or [""]
    signs = sum(one.signs for one in claim.first)
    return f"{signs} values are what it says, {claim.errors} are not: {first}"[:MOST_SAID]


def _chosen(claims: Sequence[Claim]) -> tuple[Claim, Iterator[ReadDocument]]:
    """The one claim that counts, with all its documents."""
    best = min(claim.rank() for claim in claims)
    equal = [claim for claim in claims if claim.rank() == best]
    if not equal[0].accepted:
        least = min(equal, key=lambda claim: (claim.errors, claim.unread))
        return least, chain(least.first, least.rest)
    whole = min(claim.unread for claim in equal)
    equal = [claim for claim in equal if claim.unread == whole]
    if len(equal) == 1:
        return equal[0], chain(equal[0].first, equal[0].rest)
    readings = [[*claim.first, *claim.rest] for claim in equal]
    for claim, reading in zip(equal[1:], readings[1:], strict=True):
        if difference := _difference(readings[0], reading):
            raise _two_fit(equal[0].candidate, claim.candidate, difference)
    return equal[0], iter(readings[0])


def _difference(first: Sequence[ReadDocument], other: Sequence[ReadDocument]) -> str:
    """What two readings of a file differ in; empty where they say the same."""
    if first[0].kind != other[0].kind:
        return f"{_spaced(first[0].kind)} and {_spaced(other[0].kind)}"
    if len(first) != len(other):
        return f"{len(first)} and {len(other)} documents"
    for one, two in zip(first, other, strict=True):
        if _SAME(one) == _SAME(two):
            continue
        here, there = (dict(flat(read.document)) if read.document is not None else {} for read in (one, two))
        address = next((name for name in {**here, **there} if here.get(name) != there.get(name)), "")
        where = f"{one.place.told()}: " if one.place.told() else ""
        said = [values.get(address, "nothing") for values in (here, there)]
        return f"{where}{address} is {said[0][:60]} and {said[1][:60]}" if address else f"{where}one of them is wrong"
    return ""


def _spaced(kind: str) -> str:
    return str(kind).replace("_", " ")


def _two_fit(first: Candidate, other: Candidate, difference: str) -> SenderMustCorrect:
    names = [first.layout.name, other.layout.name]
    return SenderMustCorrect(
        f"Layouts {names[0]} and {names[1]} both fit and read the file as two different things: {difference}.",
        remedy="Take one of them out of layouts.receive of the partners of this folder, or have the files come into "
        "folders of their own; then read it again.",
        data={"layouts": names, "difference": difference},
    )


def _ends(data: bytes, shape: str) -> bool:
    """Whether XML or JSON ends as it begins; rows never tell (edi-operations 1)."""
    plain = data.replace(b"\x00", b"").strip(BLANKS)
    if shape == "json":
        return plain[-1:] == {b"{": b"}", b"[": b"]"}[plain[:1]]
    root = re.search(rb"<([A-Za-z_][\w:.-]{0,200})", plain[:HEAD_BYTES])
    return shape == "rows" or root is None or plain.endswith(b"</" + root.group(1) + b">")


def _none_fits(shape: str, reasons: Sequence[str], *, unfinished: bool) -> SenderMustCorrect:
    more = f" And {len(reasons) - MOST_TOLD} more layouts." if len(reasons) > MOST_TOLD else ""
    return SenderMustCorrect(
        f"No layout fits. {' '.join(reasons[:MOST_TOLD])}{more}",
        remedy="Try it with `ml-connector layout try`; name the right layout under layouts.receive of the partner's "
        "file, or ask the partner to send it again.",
        data={"format": shape, "layouts": list(reasons[:MOST_TOLD]), "unfinished": unfinished},
    )
