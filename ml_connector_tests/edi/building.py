"""Small interchanges for tests, spelled out by hand so that tests show what stands on the wire."""

from ml_connector.edi.interchange import ReceivedSet
from ml_connector_tests.edi.samples import read, sets

ISA = (
    "ISA*00*          *00*          *ZZ*SELLER         *ZZ*BUYER          "
    "*261121*0215*{eleven}*{twelve}*{control}*{ta1}*P*>~"
)

ORDER = (
    "BEG*00*SA*4500000042**20261121~CUR*BY*USD~N1*ST*ACME PLANT*92*0099~N3*1 MAIN ST~N4*COLUMBUS*OH*43215*US~"
    "PO1*1*100*EA*12.5*PE*VP*WIDGET-001*BP*A-100~PID*F****WIDGET~PO1*2*60*EA*.33**VP*BRKT-050~CTT*2*160~"
)

INVOICE = (
    "BIG*20261121*INV-1*20261101*PO-1~CUR*SE*USD~IT1*1*100*EA*12.5**VP*WIDGET-001~IT1*2*60*EA*.35**VP*BRKT-050~"
    "TDS*127600~SAC*C*D240***1500~SAC*A*C310***1000~CTT*2~"
)


def transaction(set_type: str, body: str, control: str = "0001", *, count: int | None = None) -> str:
    """ST to SE around a body whose segments end in ~."""
    return f"ST*{set_type}*{control}~{body}SE*{count or body.count('~') + 2}*{control}~"


def group(functional_id: str, *transactions: str, control: str = "77", version: str = "004010") -> str:
    """GS to GE."""
    head = f"GS*{functional_id}*SELLER*BUYER*20261121*0215*{control}*X*{version}~"
    return f"{head}{''.join(transactions)}GE*{len(transactions)}*{control}~"


def interchange(*groups: str, control: str = "000000077", version: str = "004010", ta1: bool = False) -> bytes:
    """ISA to IEA."""
    newer = version >= "005010"
    head = ISA.format(eleven="^" if newer else "U", twelve="00501" if newer else "00401", control=control, ta1=int(ta1))
    return f"{head}{''.join(groups)}IEA*{len(groups)}*{control}~".encode("latin-1")


def order(body: str = ORDER, version: str = "004010") -> bytes:
    """An interchange with one 850."""
    return interchange(group("PO", transaction("850", body), version=version), version=version)


def invoice(body: str = INVOICE, version: str = "004010") -> bytes:
    """An interchange with one 810."""
    return interchange(group("IN", transaction("810", body), version=version), version=version)


def one(data: bytes, mode: str = "standard", **options: object) -> ReceivedSet:
    """The only set of a file."""
    found = sets(read(data, mode, **options))
    assert len(found) == 1
    return found[0]


def codes(received: ReceivedSet) -> list[tuple[str, str, str]]:
    """Level, code and place (PO103) of the findings."""
    return [
        (f.level.value, f.code, f.segment_id + (f"{f.element:02d}" if f.element else "")) for f in received.findings
    ]
