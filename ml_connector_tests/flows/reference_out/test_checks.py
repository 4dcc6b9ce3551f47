"""`check` says of a partner that it asks for a table that nobody tells."""

from ml_connector.config.partners import Partner
from ml_connector.diagnostics.told_tables import _untold


def told(tables: dict[str, str], *, flow_is_on: bool) -> list[str]:
    values = {"name": "buyright", "role": "procurement", "channels": {"send": "/B"}, "reference_data": tables}
    partners = {"buyright": Partner.model_validate(values)}
    found = _untold("i", "books", partners, ["vendors", "items"], flow_is_on=flow_is_on)
    return [f"{one.level.value}: {one.message}" for one in found]


def test_what_is_told_is_counted() -> None:
    assert told({"vendors": "vendors_csv"}, flow_is_on=True) == ["good: 1 reference tables are told to partners"]
    assert told({}, flow_is_on=True) == []


def test_a_table_that_the_erp_does_not_have() -> None:
    found = told({"vendors": "vendors_csv", "funds": "codes_csv"}, flow_is_on=True)
    assert found[0] == "warn: buyright wants to be told of funds, which books does not have"


def test_a_flow_that_is_off() -> None:
    assert told({"vendors": "vendors_csv"}, flow_is_on=False) == [
        "warn: buyright has reference_data, and reference_out is off: it is told nothing"
    ]
