"""The table of counts that are kept beside what they count (`ledger.work.tallies`)."""

import sqlalchemy as sa

from ml_connector.ledger.tables.columns import Key, metadata

tally = sa.Table(
    "tally",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("subject", sa.String(10), nullable=False, comment="document or file"),
    sa.Column("integration", sa.String(80), nullable=False),
    sa.Column("flow", sa.String(40), nullable=False, default=""),
    sa.Column("kind", sa.String(40), nullable=False, default=""),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(60), nullable=False, default=""),
    sa.Column("change", sa.BigInteger, nullable=False, comment="how many more (or fewer); the sum is how many"),
    comment="Counts of documents and files: who writes only adds rows, they are folded into one another later",
)
