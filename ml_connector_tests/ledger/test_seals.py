"""Hashes of rows: what was hashed by an earlier release must still fit."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ml_connector.documents.common import DocumentKind
from ml_connector.ledger.database import seals
from ml_connector.ledger.work.evidence import ROW

_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
_moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])).filter(
    lambda moment: 1 < moment.year < 9999
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | _text | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)
_values = (
    _json
    | _moments
    | st.dates()
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6)
    | st.binary(max_size=8)
    | st.sampled_from(DocumentKind)
)


@given(st.dictionaries(_text, _values, max_size=8))
def test_a_row_hashes_as_its_canonical_json(row: dict[str, Any]) -> None:
    plain = {name: seals._plain(value) for name, value in row.items() if value is not None}
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert seals.digest(list(row), list(row.values())) == hashlib.sha256(text.encode()).hexdigest()[: seals.DIGITS]


def test_the_hash_of_a_known_row_has_not_changed() -> None:
    """Made by the release that brought seals: whatever changes it makes every ledger look tampered with."""
    known = {
        "number": 'INV "7" \u00e9',
        "revision": 0,
        "amount": Decimal("12.50"),
        "business_date": date(2026, 3, 1),
        "created_at": datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
        "snapshots": {"vendors": 3, "accounts": [1.0, True]},
    }
    assert seals.digest(ROW, [known.get(name) for name in ROW]) == "58502eea0f8f8db468d51ebc5d665354"
