"""`ml-connector documents due`: what partners want to have from us by a deadline, and what missed it."""

from datetime import timedelta

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.session import Session, common
from ml_connector.cli.shared.tables import below, print_table, wide

#: As far ahead as anything is due.
_DAYS = 400


@click.command("due")
@click.option("--integration", help="Only of this integration.")
@click.option("--within", type=click.FloatRange(min=0), help="Only what is due within so many hours, or was already.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
@wide
@common
def due(session: Session, integration: str | None, within: float | None, limit: int) -> int:
    """What we owe partners by their deadlines (997, 855, 856), the earliest first; and how much left too late.

    \b
    Examples:
      ml-connector documents due
      ml-connector documents due --within 4 --json
    """
    from ml_connector.ledger.search import owed
    from ml_connector.operating.facts import summary_json

    with session.open() as deployment, deployment.ledger.read() as tx:
        now = deployment.clock.now()
        until = now + (timedelta(days=_DAYS) if within is None else timedelta(hours=within))
        rows = owed.owed(tx, until, integration, limit=limit)
        late = owed.missed(tx, integration)
    value = {
        "due": [
            {
                **summary_json(row),
                "owed": owed.owed_kind(row.kind),
                "past": row.due_at is not None and row.due_at < now,
            }
            for row in rows
        ],
        "missed": [one._asdict() for one in late],
    }

    def human() -> None:
        print_table(
            ("id", "due (UTC)", "owed", "partner", "number", "state", "reason"),
            [
                (
                    row.id,
                    f"{row.due_at:%Y-%m-%d %H:%M}",
                    owed.owed_kind(row.kind),
                    row.partner,
                    row.number,
                    row.state,
                    row.reason,
                )
                for row in rows
            ],
        )
        past = sum(row.due_at is not None and row.due_at < now for row in rows)
        below(f"{len(rows)} due, {past} of them past their deadline.")
        for one in late[:12]:
            below(f"{one.month}: {one.number} {one.kind.replace('_', ' ')} left too late to {one.partner}.")

    session.emit(value, human)
    return Exit.OK
