"""Codes as a network has them: by group, with a description, in use or not on a day."""

from collections.abc import Iterator
from datetime import date

from ml_connector.documents.payables.vendors import NetworkCode
from ml_connector.documents.reference import CostCenter, GLAccount, ReferenceTable
from ml_connector.flows.codes_out.settings import CodesOut
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.tables_out.telling import Said

#: A description is cut to it, never a code (avidxchange 5, lengths).
LONGEST_DESCRIPTION = 50


def table_groups(rules: CodesOut) -> dict[str, str]:
    """The group of each table that is told."""
    named = {
        ReferenceTable.GL_ACCOUNTS: rules.groups.gl_account,
        ReferenceTable.COST_CENTERS: rules.groups.cost_center,
        ReferenceTable.COST_UNITS: rules.groups.cost_unit,
    }
    return {table.value: group for table, group in named.items() if group}


def codes(book: ReferenceBook, rules: CodesOut, today: date) -> Iterator[Said[NetworkCode]]:
    """Every code that is to be there. One that ends goes inactive on the first day on which it cannot be used."""
    for table, group in table_groups(rules).items():
        for one in book.records(table):
            if isinstance(one, GLAccount):
                if not rules.accounts or one.code.startswith(rules.accounts):
                    yield _code(table, one, group, active=not one.blocked)
            elif isinstance(one, CostCenter):
                yield _code(table, one, group, active=one.end_date is None or one.end_date > today)


def _code(table: str, one: GLAccount | CostCenter, group: str, *, active: bool) -> Said[NetworkCode]:
    key = f"{table}/{one.id}"
    description = " ".join(one.description.split())[:LONGEST_DESCRIPTION]
    record = NetworkCode(external_id=key, group=group, value=one.code, description=description, active=active)
    return Said(key, one.code, record)
