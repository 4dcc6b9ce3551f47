"""What a document belongs to is stored with it, and keys go by it: the ERP's company and the partner's identity.

Until here the only ERP was Exact Online, and keys held the names of connections, integrations and partners. Keys that
stand in the ERP already stay what they are: they are kept with their documents.
"""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SYSTEM = "exact_online"
_OPEN = "ended_at IS NULL"
#: `mlc-` and twenty hexadecimal digits.
_KEY_LENGTH = 24


def upgrade() -> None:
    _tables()
    op.add_column("document", _text("system", 40, "the ERP, as `system:` names it"))
    who = "who the partner is: X12 identity, else its account at the ERP; stays when its name changes"
    op.add_column("document", _text("partner_key", 120, who))
    kept = "key written to the ERP, of rows from before keys went by company"
    op.add_column("document", sa.Column("operation_key", sa.String(40), comment=kept))
    bind = op.get_bind()
    if bind.execute(sa.text("SELECT 1 FROM document LIMIT 1")).first() is not None:
        _keep_operation_keys(bind)
        bind.execute(sa.text("UPDATE document SET system = :system"), {"system": _SYSTEM})
        _know_partners(bind)
        _rewrite_keys(bind)
        _know_names(bind)
    _merge_sequences(bind)


def _tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "company_binding",
        sa.Column("id", _ID, nullable=False),
        sa.Column("connection", sa.String(80), nullable=False, comment="the ERP connection"),
        sa.Column("system", sa.String(40), nullable=False, comment="the ERP, as `system:` names it"),
        sa.Column("company", sa.String(80), nullable=False, comment="division, company or entity, as the ERP names it"),
        _text("title", 200, "the company's name at the ERP"),
        _text("account", 300, "whose account the connection is"),
        sa.Column("first_seen_at", moment, nullable=False),
        sa.Column("last_seen_at", moment, nullable=False),
        sa.Column("ended_at", moment, comment="when the connection got another company; null: it has this one"),
        sa.PrimaryKeyConstraint("id", name="pk_company_binding"),
        comment="Which company at the ERP each connection had, and has",
    )
    for name, columns in (("connection", ["connection"]), ("company", ["system", "company"])):
        op.create_index(
            f"uq_company_binding_{name}",
            "company_binding",
            columns,
            unique=True,
            sqlite_where=sa.text(_OPEN),
            postgresql_where=sa.text(_OPEN),
        )
    op.create_table(
        "integration_binding",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("erp", sa.String(80), nullable=False, comment="the ERP connection"),
        sa.Column("network", sa.String(80), nullable=False, comment="the network connection"),
        _text("network_account", 300),
        _text("identity", 40, "our X12 identity, qualifier/id"),
        sa.Column("former_identities", _json(), nullable=False, comment="what it was before, newest first"),
        sa.Column("first_seen_at", moment, nullable=False),
        sa.Column("last_seen_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_integration_binding"),
        comment="What each integration's name stood for when it last ran",
    )
    op.create_table(
        "counterparty",
        sa.Column("id", _ID, nullable=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("company", sa.String(80), nullable=False),
        sa.Column("integration", sa.String(80), nullable=False),
        sa.Column("name", sa.String(80), nullable=False, comment="`name` of the partner file"),
        sa.Column(
            "key", sa.String(120), nullable=False, comment="document.partner_key of its documents; never changed"
        ),
        _text("identity", 40, "X12 identity, qualifier/id"),
        _text("test_identity", 40),
        _text("account", 80, "its account at the ERP: `vendor`"),
        sa.Column("first_seen_at", moment, nullable=False),
        sa.Column("last_seen_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_counterparty"),
        sa.UniqueConstraint(
            "system", "company", "integration", "name", name="uq_counterparty_system_company_integration_name"
        ),
        comment="The partners of a company as their files named them last",
    )
    op.create_table(
        "renaming",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("what", sa.String(20), nullable=False, comment="connection, integration, partner, company"),
        sa.Column("old", sa.String(200), nullable=False),
        sa.Column("new", sa.String(200), nullable=False),
        sa.Column("detail", _json(), nullable=False, comment="why, and how many rows of which table"),
        sa.PrimaryKeyConstraint("id", name="pk_renaming"),
        comment="Append-only: names that were taken over, by themselves or by `ledger move`",
    )


def _text(name: str, length: int, comment: str | None = None) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length), server_default=sa.text("''"), nullable=False, comment=comment)


def _json() -> sa.types.TypeEngine[Any]:
    from sqlalchemy.dialects import postgresql

    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _keep_operation_keys(bind: sa.Connection) -> None:
    """Keys that may stand in the ERP: they were made of names, and are never made anew."""
    bind.execute(
        sa.text(
            "UPDATE document SET operation_key = (SELECT substr(min(o.key), 1, :length) FROM operation o"
            " WHERE o.document_id = document.id AND o.key LIKE 'mlc-%')"
            " WHERE id IN (SELECT document_id FROM operation WHERE key LIKE 'mlc-%')"
        ),
        {"length": _KEY_LENGTH},
    )


def _know_partners(bind: sa.Connection) -> None:
    """A partner is known by the X12 identity that its interchanges had; one without any by its name."""
    seen: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    query = (
        "SELECT integration, partner, CASE direction WHEN 'in' THEN sender ELSE receiver END AS identity, count(*)"
        " FROM interchange WHERE partner IS NOT NULL AND partner <> '' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    for integration, partner, identity, count in bind.execute(sa.text(query)):
        seen[integration, partner][identity] += count
    keys: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    query = "SELECT DISTINCT company, integration, partner FROM document WHERE partner <> '' ORDER BY 1, 2, 3"
    at = datetime.now(UTC)
    table = sa.table("counterparty", *(sa.column(name) for name in _COUNTERPARTY))
    for company, integration, partner in bind.execute(sa.text(query)).all():
        identity = next((one for one, _ in seen[integration, partner].most_common(1)), "")
        known = keys[company, "key"]
        if partner not in known:
            wanted = identity or f"name/{partner}"
            known[partner] = wanted if wanted not in known.values() else f"name/{partner}"
        values = {"system": _SYSTEM, "company": company, "integration": integration, "name": partner}
        values |= {"key": known[partner], "identity": identity, "test_identity": "", "account": ""}
        bind.execute(sa.insert(table).values(**values, first_seen_at=at, last_seen_at=at))
        bind.execute(
            sa.text(
                "UPDATE document SET partner_key = :key"
                " WHERE company = :company AND integration = :integration AND partner = :partner"
            ),
            {"key": known[partner], "company": company, "integration": integration, "partner": partner},
        )


_COUNTERPARTY = (
    "system",
    "company",
    "integration",
    "name",
    "key",
    "identity",
    "test_identity",
    "account",
    "first_seen_at",
    "last_seen_at",
)


def _rewrite_keys(bind: sa.Connection) -> None:
    """Business keys by company and partner key; orders that leave by company alone; answers by their file.

    Of two rows that come to have one key (sent to a partner under two names, posted by two connections on one
    company), the first keeps it.
    """
    mine = "connection || '/' || company || '/' || partner || '|'"
    rest = f"substr(business_key, length({mine}) + 1)"
    answer = "'answer|' || integration || '|' || partner || '|'"
    new = (
        "CASE"
        f" WHEN substr(business_key, 1, length({answer})) = {answer}"
        f" THEN 'answer|' || substr(business_key, length({answer}) + 1)"
        f" WHEN substr(business_key, 1, length({mine})) <> {mine} THEN business_key"
        f" WHEN flow = 'orders_out' THEN system || '/' || company || '|' || {rest}"
        f" ELSE system || '/' || company || '/' || partner_key || '|' || {rest}"
        " END"
    )
    place = f"row_number() OVER (PARTITION BY {new} ORDER BY id)"
    ranked = f"SELECT id, {place} AS place FROM document WHERE business_key IS NOT NULL"  # noqa: S608
    second = f"SELECT id FROM ({ranked}) AS ranked WHERE place > 1"  # noqa: S608
    bind.execute(sa.text(f"UPDATE document SET business_key = NULL WHERE id IN ({second})"))  # noqa: S608
    every = f"UPDATE document SET business_key = substr({new}, 1, 400) WHERE business_key IS NOT NULL"  # noqa: S608
    bind.execute(sa.text(every))


def _know_names(bind: sa.Connection) -> None:
    """Which company each connection had, and what each integration's name stood for, by its newest document."""
    at = datetime.now(UTC)
    columns = ("connection", "system", "company", "title", "account", "first_seen_at", "last_seen_at", "ended_at")
    companies = sa.table("company_binding", *(sa.column(name) for name in columns))
    query = "SELECT connection, company, max(id) AS newest FROM document GROUP BY 1, 2 ORDER BY newest DESC"
    connections: set[str] = set()
    owned: set[str] = set()
    for connection, company, _ in bind.execute(sa.text(query)).all():
        # The newest wins; a connection's earlier company, and a second connection on one company, have ended.
        ended = at if connection in connections or company in owned else None
        connections.add(connection)
        owned.add(company)
        values = {"connection": connection, "system": _SYSTEM, "company": company, "title": "", "account": ""}
        bind.execute(sa.insert(companies).values(**values, first_seen_at=at, last_seen_at=at, ended_at=ended))
    query = (
        "SELECT integration, connection, network FROM document WHERE id IN"
        " (SELECT max(id) FROM document GROUP BY integration)"
    )
    names = ("name", "erp", "network", "network_account", "identity", "first_seen_at", "last_seen_at")
    integrations = sa.table(
        "integration_binding", *(sa.column(name) for name in names), sa.column("former_identities", _json())
    )
    ours: dict[str, str] = {}
    query_ours = "SELECT integration, CASE direction WHEN 'in' THEN receiver ELSE sender END FROM interchange"
    newest = " WHERE state <> 'held' AND id IN (SELECT max(id) FROM interchange GROUP BY integration, direction, state)"
    for integration, identity in bind.execute(sa.text(query_ours + newest + " ORDER BY id")):
        ours[integration] = identity
    for name, erp, network in bind.execute(sa.text(query)).all():
        values = {"name": name, "erp": erp, "network": network, "network_account": ""}
        values |= {"identity": ours.get(name, ""), "former_identities": [], "first_seen_at": at, "last_seen_at": at}
        bind.execute(sa.insert(integrations).values(**values))


def _merge_sequences(bind: sa.Connection) -> None:
    """Control numbers go by the pair of identities: on from the highest that any integration has given to the pair."""
    merged: dict[str, int] = {}
    query = "SELECT name, next_value FROM sequence WHERE name LIKE 'ISA13:%' OR name LIKE 'GS06:%'"
    for name, value in bind.execute(sa.text(query)).all():
        level, _, pair = name.split(":", 2)
        merged[f"{level}:{pair}"] = max(merged.get(f"{level}:{pair}", 1), value)
        bind.execute(sa.text("DELETE FROM sequence WHERE name = :name"), {"name": name})
    for name, value in merged.items():
        bind.execute(
            sa.text("INSERT INTO sequence (name, next_value) VALUES (:name, :value)"), {"name": name, "value": value}
        )
