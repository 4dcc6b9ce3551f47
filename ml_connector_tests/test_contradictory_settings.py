"""Settings of which each is right and that do not fit together are refused, with what is missing."""

from typing import Any

import pytest
from pydantic import ValidationError

from ml_connector.config.base import Settings
from ml_connector.config.web import WebSettings
from ml_connector.flows.payables.codes import CodeGroups
from ml_connector.flows.remittances_in.settings import RemittancesIn

ENTERED = {"apply": True, "account": "1010"}


@pytest.mark.parametrize(
    ("model", "values", "said"),
    [
        (CodeGroups, {"gl_account": ""}, "gl_account is missing"),
        (CodeGroups, {"cost_center": "accounting codes"}, "two groups have one name"),
        (RemittancesIn, {"apply": True}, "account is missing"),
        (RemittancesIn, {"differences": {"01": "6500"}}, "with apply: true, a journal and an offset_account"),
        (RemittancesIn, {**ENTERED, "differences": {"01": "6500"}, "journal": "GJ"}, "an offset_account"),
        (WebSettings, {"groups": {"clerks": {"role": "clerk"}}}, "set proxy too"),
        (WebSettings, {"records": {"exact_nl": {"bill": "https://erp.example.com/"}}}, "with {id} where"),
        (WebSettings, {"records": {"exact_nl": {"bill": "{id}"}}}, "is not a web address"),
    ],
)
def test_what_does_not_fit_together_is_told(model: type[Settings], values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        model(**values)
    assert said in str(refused.value)


def test_what_is_whole_is_taken() -> None:
    whole = RemittancesIn(**ENTERED, differences={"01": "6500"}, journal="GJ", offset_account="1010")
    assert whole.targets == {"journal_entries"}
    assert RemittancesIn(**ENTERED).targets == set()
    assert CodeGroups(cost_center="", cost_unit="").gl_account == "Accounting Codes"
