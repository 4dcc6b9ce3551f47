"""The whole sandbox on real sockets, called as a plain HTTP client would, for the tests of Sage Intacct."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import httpx
from lxml import etree

from ml_connector.sandbox import registry
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.sage_intacct.state import SageIntacctState
from ml_connector.sandbox.server import Sandbox, SandboxOptions


class IntacctBench:
    """A running sandbox and short ways to send its gateway functions."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.state: SageIntacctState = sandbox.sage_intacct
        self.options = self.state.options
        self.clock = sandbox.clock
        self.login = sandbox.logins()["sage_intacct"]
        self.url = sandbox.addresses()["sage_intacct"]
        self.control = httpx.Client(base_url=sandbox.addresses()["control"], timeout=30, trust_env=False)
        self.http = httpx.Client(timeout=30, trust_env=False)
        self.entity = ""
        self.company = self.login["company_id"]

    def close(self) -> None:
        self.http.close()
        self.control.close()

    # requests

    def head(self, *, unique: bool = False, control_id: str = "", password: str = "", extra: str = "") -> str:
        secret = password or self.login["sender_password"]
        return (
            f"<control><senderid>{self.login['sender_id']}</senderid><password>{secret}</password>"
            f"<controlid>{control_id or uuid.uuid4()}</controlid><uniqueid>{str(unique).lower()}</uniqueid>"
            f"<dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace>{extra}</control>"
        )

    def sign(self, session: str = "", **more: str) -> str:
        if session:
            return f"<authentication><sessionid>{session}</sessionid></authentication>"
        user, company = more.get("user", self.login["user_id"]), more.get("company", self.company)
        password = more.get("password", self.login["user_password"])
        return (
            f"<authentication><login><userid>{user}</userid><companyid>{company}</companyid>"
            f"<password>{password}</password><locationid>{more.get('entity', self.entity)}</locationid></login>"
            "</authentication>"
        )

    def document(
        self, *calls: str, unique: bool = False, ids: tuple[str, ...] = (), transaction: bool = False,
        session: str = "", control_id: str = "", extra: str = "", **login: str,
    ) -> str:  # fmt: skip
        names = ids or tuple(f"f-{uuid.uuid4()}" for _ in calls)
        functions = "".join(
            f'<function controlid="{name}">{call}</function>' for name, call in zip(names, calls, strict=True)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><request>'
            f"{self.head(unique=unique, control_id=control_id, extra=extra)}"
            f'<operation transaction="{str(transaction).lower()}">{self.sign(session, **login)}'
            f"<content>{functions}</content></operation></request>"
        )

    def post(self, body: str | bytes, url: str = "") -> httpx.Response:
        content = body.encode() if isinstance(body, str) else body
        return self.http.post(url or self.url, content=content, headers={"content-type": "application/xml"})

    def ask(self, *calls: str, **more: Any) -> Any:
        """The reply's root."""
        url = more.pop("url", "")
        return parsed(self.post(self.document(*calls, **more), url))

    def call(self, call: str, **more: Any) -> Any:
        """The result of one function, whatever its status."""
        root = self.ask(call, **more)
        result = root.find("operation/result")
        assert result is not None, etree.tostring(root)
        return result

    def good(self, call: str, **more: Any) -> Any:
        """The result of a function that succeeds."""
        result = self.call(call, **more)
        assert result.findtext("status") == "success", etree.tostring(result)
        return result

    def bad(self, call: str, **more: Any) -> list[tuple[str, str]]:
        """Numbers and texts of a function that fails."""
        result = self.call(call, **more)
        assert result.findtext("status") == "failure", etree.tostring(result)
        return errors(result)

    def session(self, **more: str) -> tuple[str, str]:
        """Id and endpoint of a new session."""
        api = self.good("<getAPISession/>", **more).find("data/api")
        return api.findtext("sessionid"), api.findtext("endpoint")

    # reading

    def query(self, name: str, *fields: str, where: str = "", more: str = "", **how: Any) -> Any:
        """The data of a query; `where` is the filter's inside."""
        wanted = f"<filter>{where}</filter>" if where else ""
        select = "".join(f"<field>{field}</field>" for field in fields or ("RECORDNO",))
        return self.good(f"<query><object>{name}</object><select>{select}</select>{wanted}{more}</query>", **how).find(
            "data"
        )

    def rows(self, name: str, *fields: str, where: str = "", more: str = "", **how: Any) -> list[dict[str, str]]:
        return [
            {one.tag: one.text or "" for one in row} for row in self.query(name, *fields, where=where, more=more, **how)
        ]

    # writing

    def bill(self, number: str, vendor: str = "V-17", amount: str = "120.50", **more: Any) -> Any:
        return self.call(bill(number, vendor, amount, **more.pop("fields", {})), **more)

    def order(self, count: int = 1, **more: Any) -> list[dict[str, Any]]:
        answer = self.control.post("/sage_intacct/orders", json={"count": count, **more})
        assert answer.status_code == 200, answer.text
        made: list[dict[str, Any]] = answer.json()
        return made

    def switch(self, **options: Any) -> None:
        answer = self.control.post("/sage_intacct/options", json=options)
        assert answer.status_code == 200, answer.text

    def fault(self, **fault: Any) -> None:
        self.control.post("/faults", json={"system": "sage_intacct", **fault}).raise_for_status()


def parsed(answer: httpx.Response) -> Any:
    assert "text/xml" in answer.headers["content-type"], answer.text
    return etree.fromstring(answer.content)


def errors(element: Any) -> list[tuple[str, str]]:
    """Number and description2 of every error."""
    return [(one.findtext("errorno"), one.findtext("description2") or "") for one in element.iter("error")]


def equal(field: str, value: str) -> str:
    return f"<equalto><field>{field}</field><value>{escape(value)}</value></equalto>"


def bill(number: str, vendor: str = "V-17", amount: str = "120.50", **fields: str) -> str:
    """A create of a bill of one line."""
    head = {"WHENCREATED": "03/05/2025", "VENDORID": vendor, "RECORDID": number, "WHENDUE": "04/04/2025", **fields}
    line = {"ACCOUNTNO": "6100", "TRX_AMOUNT": amount, "LOCATIONID": "110", "DEPARTMENTID": "20"}
    line = {name: head.pop(name, value) for name, value in line.items()}
    return (
        f"<create><APBILL>{_elements(head)}<APBILLITEMS><APBILLITEM>{_elements(line)}</APBILLITEM></APBILLITEMS>"
        "</APBILL></create>"
    )


def _elements(values: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())


def day(tag: str, text: str) -> str:
    """A date of the older functions, of YYYY-MM-DD."""
    year, month, at = text.split("-")
    return f"<{tag}><year>{year}</year><month>{month}</month><day>{at}</day></{tag}>"


def transaction(
    kind: str, lines: str, *, source: str = "", vendor: str = "V-17", number: str = "", state: str = "", more: str = "",
    created: str = "2025-03-05",
) -> str:  # fmt: skip
    """create_potransaction in the order of the schema."""
    origin = f"<createdfrom>{source}</createdfrom>" if source else ""
    return (
        f"<create_potransaction><transactiontype>{kind}</transactiontype>{day('datecreated', created)}{origin}"
        f"<vendorid>{vendor}</vendorid>{more}<vendordocno>{number}</vendordocno>{day('datedue', '2025-04-04')}"
        "<returnto><contactname></contactname></returnto><payto><contactname></contactname></payto>"
        f"{f'<state>{state}</state>' if state else ''}<potransitems>{lines}</potransitems></create_potransaction>"
    )


def item(
    code: str = "WIDGET1", quantity: str = "1", *, key: int | str = "", price: str = "12.05", unit: str = "Each"
) -> str:
    source = f"<sourcelinekey>{key}</sourcelinekey>" if key else ""
    return (
        f"<potransitem><itemid>{code}</itemid><quantity>{quantity}</quantity><unit>{unit}</unit><price>{price}</price>"
        f"{source}<locationid>110</locationid><departmentid>20</departmentid></potransitem>"
    )


@contextlib.contextmanager
def intacct_bench(folder: Path, chosen: SageIntacctOptions | None = None) -> Iterator[IntacctBench]:
    """A fresh sandbox."""
    options = SandboxOptions(sage_intacct=chosen or SageIntacctOptions(), clock_file=folder / "clock", partner=False)
    with Sandbox(options, stand_ins=registry.of("sage_intacct")) as sandbox:
        bench = IntacctBench(sandbox)
        try:
            yield bench
        finally:
            bench.close()
