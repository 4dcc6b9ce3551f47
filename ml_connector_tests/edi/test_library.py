"""`ml_connector.edi` is a library of its own: its first page works, and neither Dagster nor SQLAlchemy comes along."""

import re
import subprocess
import sys
from pathlib import Path

import ml_connector.edi
from ml_connector_tests.edi.building import order

PAGE = Path(__file__).parents[2] / "docs" / "x12.md"


def run(code: str, folder: Path) -> str:
    """What a program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_page_reads_an_850_in_five_lines(tmp_path: Path) -> None:
    (tmp_path / "order.edi").write_bytes(order())
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 5
    assert run(code, tmp_path).strip() == "850 True 4500000042 [Decimal('100'), Decimal('60')]"


def test_neither_dagster_nor_sqlalchemy_is_imported(tmp_path: Path) -> None:
    (tmp_path / "order.edi").write_bytes(order())
    code = """
import sys
from datetime import UTC, datetime
from ml_connector.edi import *
import ml_connector.edi.tools.anonymize, ml_connector.edi.tools.diff, ml_connector.edi.tools.report
items = list(read_interchanges(open("order.edi", "rb")))
documents = [item.document for item in items if isinstance(item, ReceivedSet)]
written = write_interchange(Envelope("ZZ", "A1", "ZZ", "B1"), ControlNumbers(1, 1), documents, datetime.now(UTC))
found = {name.partition(".")[0] for name in sys.modules}
print(sorted(found & {"dagster", "sqlalchemy", "pandas", "httpx", "click", "alembic", "lxml", "paramiko"}))
"""
    assert run(code, tmp_path).strip() == "[]"


def test_every_public_name_is_there() -> None:
    for name in ml_connector.edi.__all__:
        assert getattr(ml_connector.edi, name) is not None
    assert not hasattr(ml_connector.edi, "nothing_of_that_name")
