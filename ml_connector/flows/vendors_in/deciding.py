"""What becomes of a proposed vendor: linked, held with the candidates, created, or proposed. Pure functions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ml_connector.documents.master.vendors import NewVendor, VendorProposal
from ml_connector.documents.records import json_values
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.vendors_in.book import VendorBook, of_proposal
from ml_connector.flows.vendors_in.decided import Decided
from ml_connector.flows.vendors_in.matching import Candidate, Subject, differences
from ml_connector.flows.vendors_in.settings import Difference, VendorsIn

#: What a file may say became of a vendor: nothing, that it is new, that it is so now.
TAKEN_IN = frozenset({"", "added", "changed", "new", "add", "change", "a", "c"})
#: Candidates that are told.
MOST_TOLD = 10


def decide(
    proposal: VendorProposal, key: str, said: Decided, book: VendorBook, settings: VendorsIn, linked_before: str = ""
) -> Decided:
    """What becomes of a proposal. key: its own among those that are open. said: by a person. linked_before: the vendor
    that the sender's number of it was linked with.

    Raises:
        NeedsCorrection: a person decides, or the ERP's vendors have to be mended.
    """
    _check(proposal)
    subject = of_proposal(proposal, key)
    if said.word == "link":
        # Who says which vendor it is has seen the differences.
        return _linked(proposal, subject, _named(said.of, book), "a person's word", (), said)
    if said.word == "create":
        return replace(said, new=new_vendor(proposal, settings))
    found = book.ours.find(subject, proposal.our_code)
    known = book.ours.get(linked_before) if linked_before else None
    if known is not None and _fits(found.hit, found.candidates, known):
        why = "linked before" if found.hit is None else f"linked before, {found.hit.told()}"
        return _linked(proposal, subject, known, why, settings.hold_differences, said)
    if found.hit is not None and known is None:
        return _linked(proposal, subject, found.hit.subject, found.hit.told(), settings.hold_differences, said)
    if not found.is_new:
        candidates = [*((found.hit,) if found.hit is not None else ()), *found.candidates]
        raise _for_a_person(proposal, candidates, linked_before)
    other = book.open.find(subject)
    if not other.is_new:
        raise _proposed_twice(proposal, other.hit, other.candidates)
    missing = lacking(proposal, settings)
    if settings.unknown == "create" and not missing:
        return replace(said, new=new_vendor(proposal, settings))
    raise unknown(proposal, missing if settings.unknown == "create" else [])


def _fits(hit: Candidate | None, candidates: Sequence[Candidate], known: Subject) -> bool:
    """Whether nothing speaks against the vendor that it was linked with: no number of another one."""
    if hit is not None:
        return hit.subject.key == known.key
    mine = [one for one in candidates if one.subject.key == known.key]
    others = [one for one in candidates if one.sure and one.subject.key != known.key]
    return not others and all("another tax number" not in one.told() for one in mine)


def _check(proposal: VendorProposal) -> None:
    if proposal.change.strip().casefold() not in TAKEN_IN or not proposal.active:
        gone = "is not bought from any more" if not proposal.active else f"is said to be {proposal.change[:40]!r}"
        raise NeedsCorrection(
            Reason.VENDOR_UNCLEAR,
            f"Vendor {proposal.number} {proposal.name} {gone} there.",
            remedy="Block the vendor in the ERP if that is so here too, then discard this.",
            data={"vendor": proposal.number, "change": proposal.change[:40], "active": proposal.active},
        )
    if not any(name.strip() for name in (proposal.name, *proposal.other_names)):
        raise NeedsCorrection(
            Reason.VENDOR_UNCLEAR,
            f"Vendor {proposal.number} has no name.",
            remedy="Ask the sender for it; discard this when it came again.",
            data={"vendor": proposal.number},
        )


def _named(code: str, book: VendorBook) -> Subject:
    found = book.ours.get(code)
    if found is None:
        raise NeedsCorrection(
            Reason.UNKNOWN_SUPPLIER,
            f"The ERP has no vendor {code}, with which this was to be linked.",
            remedy="Create it there, or name another one: `ml-connector vendors link`.",
            data={"vendor": code},
        )
    return found


def _linked(
    proposal: VendorProposal,
    asked: Subject,
    known: Subject,
    why: str,
    held: Sequence[Difference],
    said: Decided,
) -> Decided:
    found = differences(asked, known)
    asked_about = [name for name in held if name in found]
    told = {name: {"ours": ours, "theirs": theirs} for name, (ours, theirs) in found.items()}
    if asked_about:
        named = "; ".join(f"{name.replace('_', ' ')} {found[name][1]}, here {found[name][0]}" for name in asked_about)
        raise NeedsCorrection(
            Reason.VENDOR_DIFFERS,
            f"Vendor {proposal.number} {proposal.name} is our {known.code} ({why}), and has another {named}.",
            remedy="Ask the vendor itself, by a number that you know, never by one in this document. Change it in the "
            "ERP if it is so; it is taken up by itself then. Else discard this.",
            data={"vendor": known.code, "differences": told},
        )
    return replace(said, vendor=known.code, vendor_id=known.key, why=why, differences=told)


def _for_a_person(proposal: VendorProposal, candidates: Sequence[Candidate], linked_before: str) -> NeedsCorrection:
    told = [_candidate(one) for one in candidates[:MOST_TOLD]]
    named = "; ".join(f"{one['vendor']} {one['name']} ({one['agrees_in']})" for one in told)
    before = f" It was linked with {linked_before} before." if linked_before else ""
    return NeedsCorrection(
        Reason.VENDOR_CANDIDATES,
        f"Vendor {proposal.number} {proposal.name} may be one of ours: {named}.{before}",
        remedy="Say which it is: `ml-connector vendors link DOCUMENT VENDOR`, or "
        "`ml-connector vendors create DOCUMENT` if it is none of them.",
        data={"candidates": told, "proposal": proposed(proposal), "linked_before": linked_before},
    )


def _candidate(one: Candidate) -> dict[str, Any]:
    subject = one.subject
    told = {"vendor": subject.code, "name": subject.names[0] if subject.names else "", "agrees_in": one.told()}
    return told | ({"blocked": True} if subject.blocked else {})


def _proposed_twice(
    proposal: VendorProposal, hit: Candidate | None, candidates: Sequence[Candidate]
) -> NeedsCorrection:
    others = [hit] if hit is not None else list(candidates[:MOST_TOLD])
    named = "; ".join(f"{one.subject.key} ({one.told()})" for one in others)
    return NeedsCorrection(
        Reason.VENDOR_PROPOSED_TWICE,
        f"Vendor {proposal.number} {proposal.name} is, or may be, the one of {named}, which is not decided yet.",
        remedy="Decide about that one; this is looked at again by itself then, and linked if it is the same.",
        data={"others": [one.subject.key for one in others], "proposal": proposed(proposal)},
    )


def lacking(proposal: VendorProposal, settings: VendorsIn) -> list[str]:
    """What is to be known of a vendor that is created, and is not."""
    has = {
        "tax_number": bool(proposal.tax_numbers),
        "bank_account": bool(proposal.bank_accounts),
        "address": bool(proposal.street and (proposal.city or proposal.postal_code)),
    }
    return [name.replace("_", " ") for name in settings.new.needs if not has[name]]


def unknown(proposal: VendorProposal, missing: Sequence[str]) -> NeedsCorrection:
    """A vendor that nothing of ours is like, with what it takes to create it."""
    why = f" It is not created, for its {' and its '.join(missing)} is not known." if missing else ""
    return NeedsCorrection(
        Reason.UNKNOWN_SUPPLIER,
        f"The ERP has no vendor like {proposal.number} {proposal.name}.{why}",
        remedy="Create it in the ERP as proposed, and it is linked by itself; or "
        "`ml-connector vendors create DOCUMENT`; or discard this.",
        data={"proposal": proposed(proposal), "missing": list(missing)},
    )


def proposed(proposal: VendorProposal) -> dict[str, Any]:
    """What a person needs of it."""
    return json_values(proposal)


def new_vendor(proposal: VendorProposal, settings: VendorsIn) -> NewVendor:
    """The vendor to create."""
    rules = settings.new
    return NewVendor(
        code=rules.number.replace("{number}", proposal.number) if rules.number else "",
        name=proposal.name or proposal.other_names[0],
        tax_number=next(iter(proposal.tax_numbers), ""),
        bank_accounts=proposal.bank_accounts,
        street=proposal.street,
        postal_code=proposal.postal_code,
        city=proposal.city,
        region=proposal.region,
        country=proposal.country,
        phone=proposal.phone,
        email=proposal.email,
        contact=proposal.contact,
        currency=proposal.currency,
        payment_terms=rules.payment_terms.get(proposal.payment_terms, rules.default_payment_terms),
        gl_account=rules.gl_account,
        vendor_class=rules.vendor_class,
    )
