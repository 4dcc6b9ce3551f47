"""Writing X12: documents to an interchange. What is written passes this package's own strict check.

Counts are computed, trailing empty elements cut, control numbers given by the caller (reserved before use, never
reused). A character that cannot be sent is replaced in free text and refused in identifiers and codes, for a part
number with another character in it is another part number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from ml_connector.documents.acknowledgments import InterchangeAcknowledgment
from ml_connector.documents.common import Record
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.mapping.acknowledgment import write_interchange_acknowledgment
from ml_connector.edi.mapping.registry import set_type_of
from ml_connector.edi.validation.schema import SetRule, set_rule
from ml_connector.edi.writing.characters import alphabet_for
from ml_connector.edi.writing.checked_writer import Replacement, SetWriter
from ml_connector.errors import ConfigError, NeedsCorrection, Reason, WeAreWrong

#: Envelope versions by the version of the content; ISA12 and GS08 are independent, these go together by custom.
_ISA_VERSIONS = {"004010": "00401", "005010": "00501"}

_MOST = 999_999_999


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom and how. Identifiers without padding; group_* default to the ids.

    version is GS08, "004010" or "005010", perhaps with an industry suffix. usage is P, T or I. character_set is
    "basic" (upper case, no accents), "extended" (what `encoding` holds) or "utf-8". replace_separators is what takes
    the place of a separator in free text; None refuses the document instead. hash_totals puts CTT02 in.
    """

    sender_qualifier: str
    sender_id: str
    receiver_qualifier: str
    receiver_id: str
    group_sender: str = ""
    group_receiver: str = ""
    version: str = "004010"
    usage: str = "P"
    element_separator: str = "*"
    component_separator: str = ">"
    repetition_separator: str = "^"
    terminator: str = "~"
    suffix: str = ""
    character_set: str = "extended"
    encoding: str = "latin-1"
    ack_requested: bool = False
    replace_separators: str | None = " "
    hash_totals: bool = False

    @property
    def isa_version(self) -> str:
        """ISA12."""
        return _ISA_VERSIONS["005010" if self.version[:6] >= "005010" else "004010"]

    @property
    def separators(self) -> Separators:
        """A repetition separator exists only from 00402 on."""
        repetition = self.repetition_separator if self.isa_version >= "00402" else ""
        return Separators(self.element_separator, self.component_separator, self.terminator, repetition, self.suffix)


@dataclass(frozen=True, slots=True)
class ControlNumbers:
    """ISA13, GS06 of the first group, ST02 of the first set of each group; further ones count on from there."""

    interchange: int
    group: int
    first_set: int = 1


@dataclass(frozen=True, slots=True)
class WrittenInterchange:
    """data are the bytes. set_controls are ST02 as sent, one for each document in their order; group_controls GS06.

    replaced tells, one small dict each, what was sent otherwise than it stood in the document.
    """

    data: bytes
    set_controls: tuple[str, ...]
    group_controls: tuple[int, ...]
    replaced: tuple[dict[str, str], ...]


def write_interchange(
    envelope: Envelope, controls: ControlNumbers, documents: Sequence[Record], at: datetime
) -> WrittenInterchange:
    """One interchange with all documents, those of one functional group that follow each other in one group.

    A TA1 is no set: it stands after the ISA, outside of every group, and its control number comes back empty.
    `at` is stamped into ISA and GS as it is given (aware moments in UTC). Raises NeedsCorrection
    (CHARACTER_NOT_SENDABLE or BAD_VALUE) naming the place and the value, ConfigError for an impossible envelope,
    WeAreWrong for a record that no set carries.
    """
    encoding = "utf-8" if envelope.character_set == "utf-8" else envelope.encoding
    _check_envelope(envelope, controls, encoding)
    moment = at.astimezone(UTC) if at.tzinfo is not None else at
    end = envelope.terminator + envelope.suffix
    parts = [_isa(envelope, controls.interchange, moment) + end]
    set_controls: list[str] = []
    group_controls: list[int] = []
    head = 0
    replaced: list[Replacement] = []
    writer = SetWriter(
        separators=envelope.separators,
        alphabet=alphabet_for(envelope.character_set, encoding, envelope.separators.characters() + envelope.suffix),
        replacement=envelope.replace_separators,
        version=envelope.version,
        hash_totals=envelope.hash_totals,
    )
    position = 0
    carried = [(_rule(document, envelope.version), document) for document in documents]
    for functional_id, group in groupby(carried, lambda one: one[0].group if one[0] is not None else ""):
        if not functional_id:
            # A partner's own words in it cannot break the segment: they are digits and codes, or it is not written.
            answers = [d for _, d in group if isinstance(d, InterchangeAcknowledgment)]
            parts[1 + head : 1 + head] = [envelope.element_separator.join(_ta1(answer)) + end for answer in answers]
            set_controls += [""] * len(answers)
            head, position = head + len(answers), position + len(answers)
            continue
        control = _counted(controls.group, len(group_controls))
        parts.append(_gs(envelope, functional_id, control, moment) + end)
        count = 0
        for rule, document in group:
            number = f"{controls.first_set + count:04d}"
            assert rule is not None
            parts.append(writer.write(rule, number, document, position, replaced))
            set_controls.append(number)
            count += 1
            position += 1
        parts.append(envelope.element_separator.join(["GE", str(count), str(control)]) + end)
        group_controls.append(control)
    trailer = ["IEA", str(len(group_controls)), f"{controls.interchange:09d}"]
    parts.append(envelope.element_separator.join(trailer) + end)
    data = "".join(parts).encode(encoding)
    return WrittenInterchange(data, tuple(set_controls), tuple(group_controls), tuple(r.as_dict() for r in replaced))


def _ta1(answer: InterchangeAcknowledgment) -> list[str]:
    elements = write_interchange_acknowledgment(answer)
    if not all(element.isascii() and element.isalnum() for element in elements):
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Interchange {answer.control_number[:9]!r} cannot be answered by a TA1: its ISA holds other than digits.",
            remedy="Tell the partner by hand; discard this answer.",
            data={"interchange": answer.control_number[:9]},
        )
    return elements


def _rule(document: Record, version: str) -> SetRule | None:
    """The definition of the set that carries a document; None for a TA1, which stands in no set."""
    if type(document) is InterchangeAcknowledgment:
        return None
    rule = set_rule(set_type_of(document), version)
    if rule is None:
        raise WeAreWrong(f"{type(document).__name__} has no set definition")
    return rule


def _counted(first: int, further: int) -> int:
    """Control numbers start again at 1 behind the largest (x12-procurement 2)."""
    return (first - 1 + further) % _MOST + 1


def _check_envelope(envelope: Envelope, controls: ControlNumbers, encoding: str) -> None:
    """An envelope that any reader would refuse is a matter of configuration."""
    marks = envelope.separators.characters()
    if len(set(marks)) != len(marks) or any(len(m) != 1 or m.isalnum() for m in marks):
        raise ConfigError(
            f"The separators {marks!r} cannot be told from each other or from data.",
            remedy="Choose four different characters that are neither letters nor digits.",
        )
    for name in ("sender", "receiver"):
        qualifier, identity = getattr(envelope, f"{name}_qualifier"), getattr(envelope, f"{name}_id")
        if len(qualifier) != 2 or not 1 <= len(identity) <= 15:
            raise ConfigError(
                f"The {name} {qualifier!r}/{identity!r} does not fit into an ISA.",
                remedy="A qualifier has 2 characters, an id 1 to 15.",
            )
        group = getattr(envelope, f"group_{name}") or identity
        if not 2 <= len(group) <= 15:
            raise ConfigError(
                f"The group {name} {group!r} does not fit into a GS.", remedy="It has 2 to 15 characters."
            )
        try:
            (qualifier + identity + group + marks).encode(encoding)
        except (UnicodeEncodeError, LookupError) as error:
            raise ConfigError(
                f"The {name} cannot be written in {encoding}.", remedy="Change one of the two."
            ) from error
        if any(mark in qualifier + identity + group for mark in marks):
            raise ConfigError(f"The {name}'s id holds a separator.", remedy="Change the separators.")
    if envelope.version[:6] not in _ISA_VERSIONS or envelope.usage not in {"P", "T", "I"}:
        raise ConfigError(
            f"Version {envelope.version!r} with usage {envelope.usage!r} cannot be written.",
            remedy="Versions are 004010 and 005010, usages P, T and I.",
        )
    if not (1 <= controls.interchange <= _MOST and 1 <= controls.group <= _MOST and controls.first_set >= 1):
        raise ConfigError("A control number is not between 1 and 999999999.", remedy="Take the next of the sequence.")


def _isa(envelope: Envelope, control: int, at: datetime) -> str:
    """ISA: 106 bytes with its terminator (x12-procurement 2)."""
    standard = envelope.repetition_separator if envelope.isa_version >= "00402" else "U"
    elements = [
        "ISA", "00", " " * 10, "00", " " * 10,
        envelope.sender_qualifier, envelope.sender_id.ljust(15),
        envelope.receiver_qualifier, envelope.receiver_id.ljust(15),
        f"{at:%y%m%d}", f"{at:%H%M}", standard, envelope.isa_version, f"{control:09d}",
        "1" if envelope.ack_requested else "0", envelope.usage, envelope.component_separator,
    ]  # fmt: skip
    return envelope.element_separator.join(elements)


def _gs(envelope: Envelope, functional_id: str, control: int, at: datetime) -> str:
    elements = [
        "GS", functional_id,
        envelope.group_sender or envelope.sender_id, envelope.group_receiver or envelope.receiver_id,
        f"{at:%Y%m%d}", f"{at:%H%M}", str(control), "X", envelope.version,
    ]  # fmt: skip
    return envelope.element_separator.join(elements)
