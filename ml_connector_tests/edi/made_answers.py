"""Hypothesis strategies for acknowledgments, remittances and advices."""

from hypothesis import strategies as st

from ml_connector.documents.acknowledgments import ElementError, FunctionalAcknowledgment, SegmentError, SetAnswer
from ml_connector.documents.application_advice import AdviceError, AdviceItem, ApplicationAdvice
from ml_connector.documents.common import KeptSegment
from ml_connector.documents.remittances import Adjustment, PaidEntity, PaidItem, Remittance
from ml_connector_tests.edi.made_parts import (
    HEADER_FIELDS,
    amounts,
    cents,
    contacts,
    dates,
    days,
    maybe,
    parties,
    references,
    some,
    text,
    times,
)

_codes = st.sampled_from(["A", "E", "R"])
functional = st.builds(
    FunctionalAcknowledgment,
    functional_id=st.sampled_from(["PO", "IN"]),
    group_control=st.integers(1, 999999999).map(str),
    code=st.sampled_from(["A", "E", "P", "R"]),
    sets_announced=st.integers(0, 9999),
    sets_received=st.integers(0, 9999),
    sets_accepted=st.integers(0, 9999),
    reasons=some(st.sampled_from(["1", "2", "5"]), 5),
    sets=some(
        st.builds(
            SetAnswer,
            set_type=st.sampled_from(["850", "810"]),
            control_number=st.integers(1, 999999999).map(lambda n: f"{n:04d}"),
            code=_codes,
            reasons=some(st.sampled_from(["4", "5"]), 5),
            segments=some(
                st.builds(
                    SegmentError,
                    segment_id=st.sampled_from(["PO1", "N1", "BEG"]),
                    position=st.integers(1, 999999),
                    code=st.just("8"),
                    elements=some(
                        st.builds(
                            ElementError,
                            position=st.integers(1, 99),
                            component=st.one_of(st.none(), st.integers(1, 9)),
                            reference=maybe(st.just("355")),
                            code=st.sampled_from(["1", "7"]),
                            value=maybe(text(99)),
                        )
                    ),
                )
            ),
        )
    ),
)

_adjustments = st.builds(
    Adjustment,
    amount=cents,
    reason=st.sampled_from(["01", "04", "ZZ"]),
    extras=st.sampled_from([(), (KeptSegment(segment_id="NTE", elements=("GEN", "damaged")),)]),
)
_paid = st.builds(
    PaidItem,
    qualifier=st.sampled_from(["IV", "CM", "PO"]),
    number=text(30),
    action=maybe(st.sampled_from(["PI", "PP"])),
    amount=maybe(cents, None),
    invoice_amount=maybe(cents, None),
    discount=maybe(amounts, None),
    references=some(references),
    dates=some(dates),
    adjustments=some(_adjustments),
)
remittances = st.builds(
    Remittance,
    number=text(30),
    trace_type=st.just("1"),
    amount=amounts,
    handling=st.sampled_from(["C", "I"]),
    credit_or_debit=st.just("C"),
    method=st.sampled_from(["ACH", "CHK"]),
    payer_bank_type=st.just("01"),
    payer_bank=text(12, 3),
    payer_account_type=st.just("DA"),
    payer_account=text(35),
    payment_date=maybe(days, None),
    entities=some(
        st.builds(
            PaidEntity,
            number=maybe(st.sampled_from(["7", "12"])),
            items=some(_paid, 3),
            adjustments=some(_adjustments),
        )
    ),
    notes=some(text(80)),
    **{name: made for name, made in HEADER_FIELDS.items() if name != "contacts"},
)

advices = st.builds(
    ApplicationAdvice,
    number=text(30),
    advice_date=days,
    advice_time=maybe(times, None),
    answers=maybe(text(30)),
    parties=some(parties()),
    items=st.lists(
        st.builds(
            AdviceItem,
            code=st.sampled_from(["TA", "TE", "TR"]),
            qualifier=st.sampled_from(["IV", "PO"]),
            number=text(30),
            day=maybe(days, None),
            group_control=st.integers(1, 999999999).map(str),
            set_control=st.integers(1, 999999999).map(lambda n: f"{n:04d}"),
            set_type=maybe(st.sampled_from(["810", "850"])),
            references=some(references),
            dates=some(dates),
            contacts=some(contacts),
            errors=some(
                st.builds(
                    AdviceError,
                    code=st.sampled_from(["848", "ZZZ"]),
                    message=maybe(text(60)),
                    segment_id=maybe(st.just("IT1")),
                    position=maybe(st.integers(1, 999999), None),
                    element=maybe(st.integers(1, 99), None),
                    reference=maybe(st.just("212")),
                    value=maybe(text(99)),
                    notes=some(text(80)),
                )
            ),
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
)
