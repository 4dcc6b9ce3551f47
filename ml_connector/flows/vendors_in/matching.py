"""Which of our vendors a proposed one is: by tax number, bank account, and name with address. A name alone never tells.

Pure. One sure hit is a link; several, a contradiction or a likeness alone is for a person, with the candidates.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from ml_connector.flows.vendors_in.folding import address_key, bank_key, name_key, name_words, tax_key


class Evidence(StrEnum):
    """In what two vendors agree, in words for people."""

    OUR_CODE = "our code"
    TAX_NUMBER = "tax number"
    BANK_ACCOUNT = "bank account"
    NAME = "name"
    LIKE_NAME = "a name like it"
    ADDRESS = "address"
    OTHER_TAX_NUMBER = "another tax number"


@dataclass(frozen=True)
class Subject:
    """A vendor as far as it is compared. key: by which it is told from others; code: ours, empty of a proposed one."""

    key: str
    names: tuple[str, ...] = ()
    code: str = ""
    tax_numbers: tuple[str, ...] = ()
    bank_accounts: tuple[str, ...] = ()
    street: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    country: str = ""
    blocked: bool = False

    @cached_property
    def taxes(self) -> frozenset[tuple[str, str]]:
        return frozenset(key for text in self.tax_numbers if (key := tax_key(text, self.country))[1])

    @cached_property
    def banks(self) -> frozenset[str]:
        return frozenset(key for text in self.bank_accounts if (key := bank_key(text)))

    @cached_property
    def name_keys(self) -> frozenset[str]:
        return frozenset(key for text in self.names if (key := name_key(text)))

    @cached_property
    def name_sets(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(found) for text in self.names if (found := name_words(text)))

    @cached_property
    def address(self) -> str:
        return address_key(self.street, self.postal_code, self.city)


@dataclass(frozen=True)
class Candidate:
    """A vendor of ours that a proposed one may be, and why. sure: that it is."""

    subject: Subject
    evidence: frozenset[Evidence]
    sure: bool

    def told(self) -> str:
        """Why, in words."""
        return ", ".join(one.value for one in Evidence if one in self.evidence)


@dataclass(frozen=True)
class Found:
    """What looking found. hit: the one that it is. candidates: what a person has to choose from, surest first."""

    hit: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()

    @property
    def is_new(self) -> bool:
        """Nothing is like it at all."""
        return self.hit is None and not self.candidates


class Vendors:
    """All vendors that one may be, by what tells them apart."""

    def __init__(self, subjects: Iterable[Subject] = ()) -> None:
        self._all: dict[str, Subject] = {}
        self._by: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        for one in subjects:
            self.add(one)

    def add(self, subject: Subject) -> None:
        """Know one more."""
        self._all[subject.key] = subject
        for mark in _marks(subject):
            self._by[mark][subject.key] = None

    def get(self, key: str) -> Subject | None:
        """The one of this key."""
        return self._all.get(key)

    def __len__(self) -> int:
        return len(self._all)

    def find(self, asked: Subject, our_code: str = "") -> Found:
        """What the one asked about is. our_code: that its sender says it has with us."""
        keys = {key for mark in _marks(asked) for key in self._by.get(mark, ()) if key != asked.key}
        code = our_code.strip().casefold()
        keys |= {key for key in self._by.get(("code", code), ()) if code}
        found = [_compared(asked, self._all[key], code) for key in sorted(keys)]
        found = [one for one in found if one.evidence - {Evidence.ADDRESS, Evidence.OTHER_TAX_NUMBER}]
        sure = [one for one in found if one.sure]
        strong = [one for one in found if one.evidence & _STRONG]
        if len(sure) == 1 and strong in ([], sure):
            return Found(hit=sure[0])
        return Found(candidates=tuple(sorted(found, key=_rank)))


_STRONG = frozenset({Evidence.OUR_CODE, Evidence.TAX_NUMBER, Evidence.BANK_ACCOUNT})


def _marks(subject: Subject) -> list[tuple[str, str]]:
    """By what a vendor may be found."""
    found = [("tax", number) for _, number in subject.taxes]
    found += [("bank", one) for one in subject.banks]
    found += [("name", one) for one in subject.name_keys]
    found += [("code", subject.code.strip().casefold())] if subject.code.strip() else []
    return found + [("word", word) for names in subject.name_sets for word in names if len(names) > 1]


def _compared(asked: Subject, known: Subject, code: str) -> Candidate:
    evidence: set[Evidence] = set()
    same, other = _taxes(asked.taxes, known.taxes)
    if same:
        evidence.add(Evidence.TAX_NUMBER)
    elif other:
        evidence.add(Evidence.OTHER_TAX_NUMBER)
    if asked.banks & known.banks:
        evidence.add(Evidence.BANK_ACCOUNT)
    if asked.name_keys & known.name_keys or set(asked.name_sets) & set(known.name_sets):
        evidence.add(Evidence.NAME)
    elif _alike(asked.name_sets, known.name_sets):
        evidence.add(Evidence.LIKE_NAME)
    if asked.address and asked.address == known.address:
        evidence.add(Evidence.ADDRESS)
    if code and code == known.code.strip().casefold():
        evidence.add(Evidence.OUR_CODE)
    return Candidate(known, frozenset(evidence), _is_sure(evidence))


def _is_sure(evidence: set[Evidence]) -> bool:
    """Whether no more needs to be known. A bank account may be a factor's or a group's, and our code may be mistyped:
    each needs a name or an address beside it; two tax numbers are two companies, whatever else is the same.
    """
    if Evidence.OTHER_TAX_NUMBER in evidence:
        return False
    named = bool(evidence & {Evidence.NAME, Evidence.LIKE_NAME, Evidence.ADDRESS})
    return (
        Evidence.TAX_NUMBER in evidence
        or ({Evidence.NAME, Evidence.ADDRESS} <= evidence)
        or (named and bool(evidence & {Evidence.BANK_ACCOUNT, Evidence.OUR_CODE}))
    )


def _taxes(first: frozenset[tuple[str, str]], second: frozenset[tuple[str, str]]) -> tuple[bool, bool]:
    """Whether two have a tax number in common; else whether both have one of the same country, and another."""
    pairs = [(one, two) for one in first for two in second]
    comparable = [(one, two) for one, two in pairs if one[0] == two[0] or not (one[0] and two[0])]
    same = any(one[1] == two[1] for one, two in comparable)
    return same, bool(comparable) and not same


def _alike(first: Sequence[frozenset[str]], second: Sequence[frozenset[str]]) -> bool:
    """Whether all words of the shorter name stand in the longer one, and they are more than one."""
    pairs = ((one, two) for one in first for two in second)
    return any(len(min(one, two, key=len)) > 1 and (one <= two or two <= one) for one, two in pairs)


def _rank(one: Candidate) -> tuple[int, int, str]:
    return (-one.sure, -len(one.evidence & _STRONG) * 2 - len(one.evidence), one.subject.key)


def differences(asked: Subject, known: Subject) -> Mapping[str, tuple[str, str]]:
    """What of a linked vendor the sender has otherwise, by name: ours, theirs. What either does not say is none."""
    found: dict[str, tuple[str, str]] = {}
    if asked.names and known.names and not asked.name_keys & known.name_keys:
        found["name"] = (known.names[0], asked.names[0])
    if asked.taxes and known.taxes and not _taxes(asked.taxes, known.taxes)[0]:
        found["tax_number"] = ("; ".join(known.tax_numbers), "; ".join(asked.tax_numbers))
    if asked.banks - known.banks and known.banks:
        found["bank_account"] = ("; ".join(known.bank_accounts), "; ".join(asked.bank_accounts))
    if asked.address and known.address and asked.address != known.address:
        found["address"] = (_place(known), _place(asked))
    return found


def _place(subject: Subject) -> str:
    return ", ".join(one for one in (*subject.street, subject.postal_code, subject.city) if one)
