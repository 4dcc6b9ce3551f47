"""856s of NORTHWIND made by hand for order 26000001: every part can be said otherwise."""

from collections.abc import Mapping, Sequence
from typing import Any

from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.hostile.interchanges import Envelope

ORDER = "26000001"


def item(quantity: object = 10, *, lin: str = "*VP*NW-R48", unit: str = "EA", more: str = "") -> list[str]:
    """LIN and SN1 of order line 1. more: what follows SN103."""
    return [f"LIN*{lin}", f"SN1**{quantity}*{unit}{more}".rstrip("*")]


def x12(
    number: str,
    *items: Sequence[str],
    bsn: str = "00",
    head: Sequence[str] = (),
    order: Sequence[str] = (f"PRF*{ORDER}",),
    behind: str = "",
    ctt: str | None = None,
    level: str = "I",
) -> bytes:
    """One 856: shipment, order, items. bsn: BSN01. behind: what follows BSN05. ctt: what follows CTT."""
    levels = ["HL*1**S", *head, "HL*2*1*O", *order]
    for at, one in enumerate(items or (item(),), 3):
        levels += [f"HL*{at}*2*{level}", *one]
    count = sum(one.startswith("HL*") for one in levels)
    body = ["ST*856*0001", f"BSN*{bsn}*{number}*20261121*0900*0004{behind}", *levels, f"CTT*{ctt or count}"]
    return Envelope(functional_id="SH").wrapped([[*body, f"SE*{len(body) + 1}*0001"]])


def send(stage: Scene, *files: bytes) -> None:
    """Deliver these interchanges in one file, so that they come in this order, and run once."""
    deliver(stage, b"".join(files), f"S{len(stage.documents())}.edi")
    stage.inbound()


def rows(stage: Scene) -> list[Any]:
    return sorted(stage.documents("shipments_in"), key=lambda row: row.id)


def told(stage: Scene) -> list[tuple[str, str | None]]:
    return [(str(row.state), row.reason) for row in rows(stage)]


def detail(stage: Scene, at: int) -> Mapping[str, Any]:
    found = rows(stage)[at].reason_detail
    assert found is not None
    return found  # type: ignore[no-any-return]


def received(stage: Scene) -> list[Any]:
    """Quantities received in the ERP, the smallest first: writes go side by side."""
    table = stage.sandbox.exact.main.table("purchaseorder/GoodsReceiptLines")
    return sorted(line["QuantityReceived"] for line in table)
