"""What ends, and when: authorizations, and secrets whose end the configuration tells. Makes no call."""

from dataclasses import dataclass
from datetime import UTC, datetime, time

from ml_connector.composition import Deployment
from ml_connector.credentials.expiry import Health, secret_ends
from ml_connector.operating.authorizations import authorizations


@dataclass(frozen=True)
class Ending:
    """One of them. ends_at: None where something has to be done now. soon: within its time of warning, or over."""

    connection: str
    message: str
    ends_at: datetime | None
    soon: bool
    over: bool
    remedy: str


def endings(deployment: Deployment) -> list[Ending]:
    """Of all connections: what somebody must act on first, then by its end."""
    now = deployment.clock.now()
    found = [
        Ending(
            one.connection,
            "the authorization, if it is not used before" if one.health == Health.GOOD else one.message,
            None if one.needs_a_person else one.refresh_expires_at,
            one.health != Health.GOOD,
            one.needs_a_person,
            one.remedy,
        )
        for one in authorizations(deployment)
        if one.needs_a_person or one.refresh_expires_at is not None
    ]
    for name, settings in deployment.loaded.settings.connections.items():
        found += [
            Ending(
                name,
                one.message,
                datetime.combine(one.day, time(), UTC),
                one.health is not Health.GOOD,
                one.health is Health.ACT,
                one.remedy(name),
            )
            for one in secret_ends(settings.secrets_end, now)
        ]
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda one: (one.ends_at or never, one.connection, one.message))
