"""Whatever a document of any kind holds, writing it and reading it strictly gives the same document."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ml_connector.documents.json import dump, kind_of, load
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector_tests.edi.made import ALL
from ml_connector_tests.edi.samples import ends, group_ends, read, sets
from ml_connector_tests.support.examples import some

AT = datetime(2026, 11, 21, 2, 15, tzinfo=UTC)

# documents are large: shrinking a failure takes longer than reading it
_quick = settings(
    max_examples=some(40),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("version", ["004010", "005010"])
def test_read_of_written_is_the_document(name: str, version: str) -> None:
    @_quick
    @given(st.lists(ALL[name], min_size=1, max_size=2))
    def check(documents: list) -> None:  # type: ignore[type-arg]
        envelope = Envelope("ZZ", "SENDER", "01", "123456789", version=version, suffix="\n")
        written = write_interchange(envelope, ControlNumbers(7, 9), documents, AT)
        items = read(written.data, mode="strict")
        found = sets(items)
        assert [s.document for s in found] == documents
        assert all(s.accepted for s in found), [f.message for s in found for f in s.findings]
        assert [s.control_number for s in found] == list(written.set_controls)
        assert not written.replaced
        assert not [f for e in ends(items) for f in e.findings]
        assert not [f for e in group_ends(items) for f in e.findings]

    check()


@pytest.mark.parametrize("name", ALL)
def test_json_and_back_is_the_document(name: str) -> None:
    @_quick
    @given(ALL[name])
    def check(document) -> None:  # type: ignore[no-untyped-def]
        text = dump(document)
        again = load(kind_of(document), text)
        assert again == document
        assert dump(again) == text

    check()
