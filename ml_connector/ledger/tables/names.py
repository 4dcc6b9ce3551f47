"""Tables that tell names from what they stand for: names in connections.yaml are labels, and labels change."""

import sqlalchemy as sa

from ml_connector.ledger.tables.columns import Json, Key, Moment, metadata

company_binding = sa.Table(
    "company_binding",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("connection", sa.String(80), nullable=False, comment="the ERP connection"),
    sa.Column("system", sa.String(40), nullable=False, comment="the ERP, as `system:` names it"),
    sa.Column("company", sa.String(80), nullable=False, comment="division, company or entity, as the ERP names it"),
    sa.Column(
        "title", sa.String(200), nullable=False, server_default=sa.text("''"), comment="the company's name at the ERP"
    ),
    sa.Column(
        "account",
        sa.String(300),
        nullable=False,
        server_default=sa.text("''"),
        comment="whose account the connection is",
    ),
    sa.Column("first_seen_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
    sa.Column("ended_at", Moment, comment="when the connection got another company; null: it has this one"),
    # One company has one connection, and one connection one company, at a time.
    sa.Index(
        "uq_company_binding_connection",
        "connection",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
    sa.Index(
        "uq_company_binding_company",
        "system",
        "company",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
    comment="Which company at the ERP each connection had, and has",
)

integration_binding = sa.Table(
    "integration_binding",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("erp", sa.String(80), nullable=False, comment="the ERP connection"),
    sa.Column("network", sa.String(80), nullable=False, comment="the network connection"),
    sa.Column("network_account", sa.String(300), nullable=False, server_default=sa.text("''")),
    sa.Column(
        "identity",
        sa.String(40),
        nullable=False,
        server_default=sa.text("''"),
        comment="our X12 identity, qualifier/id",
    ),
    sa.Column("former_identities", Json, nullable=False, comment="what it was before, newest first"),
    sa.Column("first_seen_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
    comment="What each integration's name stood for when it last ran",
)

counterparty = sa.Table(
    "counterparty",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("system", sa.String(40), nullable=False),
    sa.Column("company", sa.String(80), nullable=False),
    sa.Column("integration", sa.String(80), nullable=False),
    sa.Column("name", sa.String(80), nullable=False, comment="`name` of the partner file"),
    sa.Column("key", sa.String(120), nullable=False, comment="document.partner_key of its documents; never changed"),
    sa.Column(
        "identity", sa.String(40), nullable=False, server_default=sa.text("''"), comment="X12 identity, qualifier/id"
    ),
    sa.Column("test_identity", sa.String(40), nullable=False, server_default=sa.text("''")),
    sa.Column(
        "account",
        sa.String(80),
        nullable=False,
        server_default=sa.text("''"),
        comment="its account at the ERP: `vendor`",
    ),
    sa.Column("first_seen_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
    sa.UniqueConstraint("system", "company", "integration", "name"),
    comment="The partners of a company as their files named them last",
)

renaming = sa.Table(
    "renaming",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("what", sa.String(20), nullable=False, comment="connection, integration, partner, company"),
    sa.Column("old", sa.String(200), nullable=False),
    sa.Column("new", sa.String(200), nullable=False),
    sa.Column("detail", Json, nullable=False, comment="why, and how many rows of which table"),
    comment="Append-only: names that were taken over, by themselves or by `ledger move`",
)
