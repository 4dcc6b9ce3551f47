"""Which authorizations end soon or have ended: for `check`, the credentials command and alerts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from ml_connector.credentials.tokens import TokenState
from ml_connector.credentials.vault import Database
from ml_connector.ledger.tables.documents import token

#: A refresh that stands open so long was interrupted.
_OPEN_TOO_LONG = timedelta(minutes=2)


#: So long before its end a secret that nobody renews by itself is told.
SECRET_WARNING = timedelta(days=30)


class Health(StrEnum):
    """Whether somebody has to act before a credential ends."""

    GOOD = "good"
    WARN = "warn"
    ACT = "act"


@dataclass(frozen=True)
class TokenHealth:
    """The state of one connection's authorization. `days_left` until the refresh token ends; None = unknown."""

    connection: str
    health: Health
    message: str
    remedy: str
    state: str
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    days_left: float | None


@dataclass(frozen=True)
class SecretEnd:
    """A secret and the day on which the other side ends it (`secrets_end`), as the configuration says."""

    setting: str
    day: date
    health: Health

    @property
    def message(self) -> str:
        """What a person reads."""
        what = self.setting.replace("_", " ")
        return f"the {what} {'ended' if self.health is Health.ACT else 'ends'} on {self.day}"

    def remedy(self, connection: str) -> str:
        """What a person does about it; empty where it is far away."""
        if self.health is Health.GOOD:
            return ""
        return f"Get a new one, store it, and write its end to connections.{connection}.secrets_end.{self.setting}."


def secret_ends(ends: Mapping[str, date], now: datetime) -> list[SecretEnd]:
    """The secrets of a connection that end on a known day, the earliest first."""
    today = now.date()
    return [
        SecretEnd(
            name,
            day,
            Health.ACT if day <= today else Health.WARN if day - today <= SECRET_WARNING else Health.GOOD,
        )
        for name, day in sorted(ends.items(), key=lambda one: (one[1], one[0]))
    ]


def expiry_report(database: Database, *, warning: timedelta = timedelta(days=7)) -> list[TokenHealth]:
    """All connections with a token row, the ones that need a person first. Opens no secret, makes no call."""
    columns = [column for column in token.c if column.name not in ("access", "refresh")]
    has_refresh = token.c.refresh.is_not(None).label("has_refresh")
    has_access = token.c.access.is_not(None).label("has_access")
    now = database.clock.now()
    with database.read() as tx:
        rows = tx.execute(sa.select(*columns, has_refresh, has_access).order_by(token.c.connection)).all()
    reports = [_report(row, now, warning) for row in rows if row.has_access or row.detail.get("login_refused")]
    order = [Health.ACT, Health.WARN, Health.GOOD]
    return sorted(reports, key=lambda report: (order.index(report.health), report.connection))


def _report(row: sa.Row[tuple[object, ...]], now: datetime, warning: timedelta) -> TokenHealth:
    ends: datetime | None = row.refresh_expires_at
    left = None if ends is None else (ends - now).total_seconds() / 86_400
    authorize = f"Run `ml-connector credentials authorize {row.connection}`."
    health, message, remedy = Health.GOOD, "authorized", ""
    interrupted = row.state == TokenState.REFRESHING and now - row.updated_at > _OPEN_TOO_LONG
    if row.detail.get("login_refused"):
        health, message = Health.ACT, "the log-in was refused"
        remedy = "Correct the user name or password of the connection."
    elif row.detail.get("client_refused"):
        health, message = Health.ACT, "client id or client secret is refused"
        remedy = "Mend client_id or client_secret of the connection."
    elif row.state == TokenState.AUTHORIZE_AGAIN or interrupted:
        alive = row.expires_at is not None and now < row.expires_at
        until = f"; the present token works until {row.expires_at:%H:%M:%S} UTC" if alive else ""
        health, message, remedy = Health.ACT, f"must be authorized again{until}", authorize
    elif ends is not None and left is not None and left <= 0:
        health, message, remedy = Health.ACT, f"the authorization ended on {ends:%Y-%m-%d}", authorize
    elif ends is not None and ends - now <= warning:
        message = f"the authorization ends on {ends:%Y-%m-%d %H:%M} UTC if it is not used before"
        health, remedy = Health.WARN, authorize
    return TokenHealth(
        connection=row.connection,
        health=health,
        message=message,
        remedy=remedy,
        state=row.state,
        access_expires_at=row.expires_at,
        refresh_expires_at=ends,
        days_left=None if left is None else round(left, 2),
    )
