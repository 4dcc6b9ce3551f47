"""What the ledger holds about a connection's authorization, told without a call."""

from collections.abc import Iterator
from datetime import timedelta

from ml_connector.credentials.expiry import Health, expiry_report
from ml_connector.ledger.database.store import Ledger
from ml_connector.systems.results import CheckLevel, CheckResult, Mender


def stored_authorization(name: str, ledger: Ledger, warning_days: int) -> Iterator[CheckResult]:
    """What ends soon or needs a person; nothing where all is well."""
    for report in expiry_report(ledger, warning=timedelta(days=warning_days)):
        if report.connection != name or report.health is Health.GOOD:
            continue
        level = CheckLevel.WARN if report.health is Health.WARN else CheckLevel.BAD
        mender = Mender.AUTHORIZE if level is CheckLevel.BAD else None
        yield CheckResult(name, "authorized", level, report.message, report.remedy, mender)
