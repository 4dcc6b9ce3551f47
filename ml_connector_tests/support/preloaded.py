"""What forked processes find imported (support/forked.py). Nothing is opened and no thread started."""

import pkgutil
from importlib import import_module

import alembic.command  # noqa: F401
import dagster  # noqa: F401
import lxml.etree  # noqa: F401
import paramiko  # noqa: F401
import psycopg2.extras  # noqa: F401
import pytest  # noqa: F401

import ml_connector.cli.sync
import ml_connector.composition
import ml_connector.flows
import ml_connector.ledger
import ml_connector.orchestration
import ml_connector.systems

for _rooms in (ml_connector.systems, ml_connector.flows, ml_connector.ledger, ml_connector.orchestration):
    for _found in pkgutil.walk_packages(_rooms.__path__, f"{_rooms.__name__}."):
        if ".migrations." not in _found.name and not _found.name.endswith("__main__"):
            import_module(_found.name)
