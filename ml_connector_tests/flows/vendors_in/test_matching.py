"""One sure hit is a link; several or a likeness is for a person; a name alone never links."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.flows.vendors_in.matching import Evidence, Subject, Vendors, differences
from ml_connector_tests.support.examples import some

IRONWORKS = Subject(
    key="V-17",
    code="V-17",
    names=("Lakeside Ironworks, Inc.",),
    tax_numbers=("38-1234567",),
    bank_accounts=("071000013/99887766",),
    street=("1 Foundry Rd",),
    postal_code="46402",
    city="Gary",
    country="US",
)
OTHER = Subject(key="V-18", code="V-18", names=("Precision Fasteners LLC",), tax_numbers=("47-7654321",), country="US")
KNOWN = Vendors([IRONWORKS, OTHER])
NOBODY = Subject(key="new")


def asked(**values: object) -> Subject:
    return replace(NOBODY, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("proposed", "why"),
    [
        (asked(tax_numbers=("381234567",), names=("Renamed Metals",)), Evidence.TAX_NUMBER),
        (asked(bank_accounts=("071000013/99887766",), names=("LAKESIDE IRONWORKS",)), Evidence.BANK_ACCOUNT),
        (asked(names=("Lakeside Ironworks",), street=("1 Foundry Road",), postal_code="46402-0001"), Evidence.ADDRESS),
        (asked(bank_accounts=("071000013/99887766",), names=("Lakeside Ironworks Gary",)), Evidence.LIKE_NAME),
    ],
)
def test_one_sure_hit(proposed: Subject, why: Evidence) -> None:
    found = KNOWN.find(proposed)
    assert found.hit is not None
    assert found.hit.subject is IRONWORKS
    assert why in found.hit.evidence


@pytest.mark.parametrize(
    "proposed",
    [
        asked(names=("Lakeside Ironworks, Inc.",)),
        asked(names=("IRONWORKS LAKESIDE",)),
        asked(names=("Lakeside Ironworks East",)),
        asked(names=("Factor Bank",), bank_accounts=("071000013/99887766",)),
        asked(
            names=("Lakeside Ironworks",),
            tax_numbers=("38-7777777",),
            street=("1 Foundry Rd",),
            postal_code="46402",
            country="US",
        ),
    ],
    ids=["name", "words in another order", "longer name", "a factor's account", "another tax number at the address"],
)
def test_what_a_person_has_to_decide(proposed: Subject) -> None:
    found = KNOWN.find(proposed)
    assert found.hit is None
    assert [one.subject.key for one in found.candidates] == ["V-17"]
    assert found.candidates[0].told()


@pytest.mark.parametrize(
    "proposed",
    [
        asked(names=("Superior Paint Works",)),
        asked(names=("Lakeside Bakery",)),
        asked(names=("Bakery",), street=("1 Foundry Rd",), postal_code="46402"),
        asked(tax_numbers=("000000000",), names=("Zenith",)),
    ],
    ids=["other name", "a word of it", "the same house", "no number"],
)
def test_what_is_like_nothing(proposed: Subject) -> None:
    assert KNOWN.find(proposed).is_new


def test_two_that_share_a_tax_number_are_candidates() -> None:
    branch = replace(IRONWORKS, key="V-99", code="V-99", street=("2 Dock St",))
    found = Vendors([IRONWORKS, branch]).find(asked(tax_numbers=("38-1234567",)))
    assert found.hit is None
    assert {one.subject.key for one in found.candidates} == {"V-17", "V-99"}


def test_tax_number_of_one_and_account_of_another_is_for_a_person() -> None:
    found = KNOWN.find(asked(tax_numbers=("47-7654321",), bank_accounts=("071000013/99887766",)))
    assert found.hit is None
    assert len(found.candidates) == 2


def test_equal_numbers_of_two_countries_are_two() -> None:
    dutch = Subject(key="1", names=("A",), tax_numbers=("NL123456782",))
    assert Vendors([dutch]).find(asked(names=("B",), tax_numbers=("DE123456782",))).is_new
    assert Vendors([dutch]).find(asked(names=("B",), tax_numbers=("123456782",))).hit is not None, "country not said"


def test_our_own_code_counts_beside_a_name_and_not_alone() -> None:
    assert KNOWN.find(asked(names=("Lakeside Ironworks",)), "v-17").hit is not None
    wrong = KNOWN.find(asked(names=("Harbour Paper",)), "V-17")
    assert wrong.hit is None
    assert [one.told() for one in wrong.candidates] == ["our code"]


def test_our_code_of_one_and_tax_number_of_another_is_for_a_person() -> None:
    found = KNOWN.find(asked(names=("Lakeside Ironworks",), tax_numbers=("47-7654321",)), "V-17")
    assert found.hit is None


SUBJECTS = st.builds(
    Subject,
    key=st.uuids().map(str),
    code=st.sampled_from(["", "A", "B"]),
    names=st.lists(st.sampled_from(["Iron Works Inc", "IRON WORKS", "Paint GmbH", "Paint Iron", "AG"]), max_size=2).map(
        tuple
    ),
    tax_numbers=st.lists(st.sampled_from(["NL123456782", "123456782", "47-7654321", "n/a"]), max_size=2).map(tuple),
    bank_accounts=st.lists(st.sampled_from(["NL91ABNA0417164300", "071000013/99887766", "0"]), max_size=2).map(tuple),
    street=st.lists(st.sampled_from(["1 Main St", "2 Dock Rd"]), max_size=1).map(tuple),
    postal_code=st.sampled_from(["", "46402", "55802"]),
    country=st.sampled_from(["", "US", "NL"]),
)
MANY = st.lists(SUBJECTS, max_size=6, unique_by=lambda one: one.key)


@settings(max_examples=some(300), deadline=None)
@given(MANY, SUBJECTS)
def test_a_link_has_a_number_or_an_address_behind_it_and_nothing_against_it(known: list[Subject], new: Subject) -> None:
    found = Vendors(known).find(new)
    if found.hit is not None:
        evidence = found.hit.evidence
        assert evidence & {Evidence.TAX_NUMBER, Evidence.BANK_ACCOUNT, Evidence.ADDRESS}
        assert Evidence.OTHER_TAX_NUMBER not in evidence
        assert not found.candidates
        without = [one for one in known if one.key != found.hit.subject.key]
        assert Vendors(without).find(new).hit is None, "there was only one"


@settings(max_examples=some(200), deadline=None)
@given(MANY, SUBJECTS, st.randoms(use_true_random=False))
def test_the_order_in_which_vendors_are_known_decides_nothing(
    known: list[Subject], new: Subject, order: object
) -> None:
    mixed = list(known)
    order.shuffle(mixed)  # type: ignore[attr-defined]
    first, second = Vendors(known).find(new), Vendors(mixed).find(new)
    assert (first.hit and first.hit.subject.key) == (second.hit and second.hit.subject.key)
    assert [one.subject.key for one in first.candidates] == [one.subject.key for one in second.candidates]


@settings(max_examples=some(200), deadline=None)
@given(SUBJECTS)
def test_what_is_told_again_is_the_same_vendor_or_too_little_to_say(one: Subject) -> None:
    found = Vendors([one]).find(replace(one, key="again"))
    strong = bool(one.taxes) or bool(one.name_keys and (one.address or one.banks)) or bool(one.address and one.banks)
    assert (found.hit is not None) == strong
    assert differences(one, one) == {}


@settings(max_examples=some(200), deadline=None)
@given(SUBJECTS, SUBJECTS)
def test_two_are_alike_whichever_is_asked_about(one: Subject, two: Subject) -> None:
    here, there = Vendors([one]).find(two), Vendors([two]).find(one)
    assert (here.hit is None, here.is_new) == (there.hit is None, there.is_new)


def test_what_a_linked_vendor_has_otherwise() -> None:
    new = asked(
        names=("Lakeside Ironworks",),
        bank_accounts=("NL91ABNA0417164300",),
        street=("9 New Rd",),
        postal_code="46402",
        tax_numbers=("381234567",),
    )
    assert set(differences(new, IRONWORKS)) == {"bank_account", "address"}
