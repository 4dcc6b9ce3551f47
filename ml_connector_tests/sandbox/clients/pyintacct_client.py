"""pyintacct 0.1.1 against an address, in a virtual environment of its own: it wants a pydantic of years ago.

Started as `python pyintacct_client.py URL SENDER SECRET COMPANY USER PASSWORD`; prints what it saw as one JSON object.
It imports nothing of ours.
"""

import json
import sys
from typing import Any

from pyintacct import IntacctAPI  # type: ignore[import-not-found]
from pyintacct.exceptions import IntacctException  # type: ignore[import-not-found]

LINE = {"ACCOUNTNO": "6100", "TRX_AMOUNT": "15.00", "LOCATIONID": "110", "DEPARTMENTID": "20"}


def bill(number: str, vendor: str) -> dict[str, Any]:
    head = {"VENDORID": vendor, "WHENCREATED": "03/05/2025", "WHENDUE": "04/05/2025", "RECORDID": number}
    return {"APBILL": {**head, "APBILLITEMS": {"APBILLITEM": LINE}}}


def client(url: str, arguments: list[str], **more: str) -> Any:
    names = ("SENDER_ID", "SENDER_PW", "COMPANY_ID", "USER_ID", "USER_PW")
    made = IntacctAPI({**dict(zip(names, arguments, strict=True)), **more})
    made.url = url
    return made


def main(url: str, *arguments: str) -> dict[str, Any]:
    api = client(url, list(arguments))
    seen: dict[str, Any] = {}
    seen["vendors"] = [str(row["VENDORID"]) for row in api.read_by_query("VENDOR", "", pagesize=2)]
    seen["endpoint"] = api.url
    made = api.create(bill("PYI-1", "V-17"))
    seen["bill"] = str(next(made.find_nodes_with_tag("RECORDNO")))
    seen["found"] = [
        str(row["RECORDNO"]) for row in api.read_by_query("APBILL", "RECORDID = 'PYI-1'", fields="RECORDNO")
    ]
    api.delete("APBILL", [seen["bill"]])
    seen["left"] = len(api.read_by_query("APBILL", "RECORDID = 'PYI-1'"))
    seen["types"] = len(list(api.inspect().find_nodes_with_tag("type")))
    entity = client(url, list(arguments), ENTITY_ID="200")
    seen["private"] = [str(row["VENDORID"]) for row in entity.read_by_query("VENDOR", "VENDORID = 'V-30'")]
    try:
        api.create(bill("PYI-2", "NOBODY"))
    except IntacctException as error:
        seen["refused"] = str(error)
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
