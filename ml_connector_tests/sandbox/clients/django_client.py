"""django-exact 0.10 against an address, in a process of its own: Django's settings are global.

Started as `python -m ml_connector_tests.sandbox.clients.django_client EXACT CONTROL CLIENT_ID SECRET`; prints what
it saw as one JSON object.
"""

import json
import sys
from typing import Any
from urllib.parse import unquote

import django  # type: ignore[import-untyped]
import requests
from django.conf import settings  # type: ignore[import-untyped]
from django.core.management import call_command  # type: ignore[import-untyped]

REDIRECT = "https://app.example/exact/authenticate"


def _configure(exact: str, client_id: str, secret: str) -> None:
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sites",
            "exact",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        SITE_ID=1,
        SECRET_KEY="for this process only",
        USE_TZ=True,
        EXACT_ONLINE_REDIRECT_URI=REDIRECT,
        EXACT_ONLINE_CLIENT_ID=client_id,
        EXACT_ONLINE_CLIENT_SECRET=secret,
        EXACT_ONLINE_API_URL=exact + "/api",
        EXACT_ONLINE_DIVISION=124132,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def _move(control: str, seconds: float) -> None:
    requests.post(f"{control}/clock", json={"move": seconds}, timeout=10).raise_for_status()


def main(exact: str, control: str, client_id: str, secret: str) -> dict[str, Any]:
    _configure(exact, client_id, secret)
    from exact.api import (  # type: ignore[import-untyped]
        Exact,
        ExactAuthException,
        ExactException,
        ExactUnavailable,
    )

    api = Exact()
    seen: dict[str, Any] = {}

    back = requests.get(api.auth_url, allow_redirects=False, timeout=10).headers["location"]
    api.session.authorization_code = unquote(back.split("code=")[1])
    api.get_token()

    # reading, by padded code, by name, all pages
    supplier = api.accounts.get(code="20011")
    seen["supplier"] = [supplier["Code"], supplier["Name"]]
    seen["cost_center"] = api.costcenters.get(code="OPS")["Description"]
    seen["cost_unit"] = api.costunits.get(code="P1")["Description"]
    account = api.glaccounts.get(code="4406")
    seen["account"] = account["Description"]
    seen["accounts"] = len({row["ID"] for row in api.accounts.filter(select="ID")})
    limited = list(api.accounts.filter(select="ID,Code", order_by="Code", limit=62))
    seen["limited"] = len({row["ID"] for row in limited})
    try:
        api.accounts.get(code="99999")
    except api.DoesNotExist:
        seen["missing"] = True
    try:
        api.get("crm/Accounts", filter_string="IsSupplier eq true")
    except api.MultipleObjectsReturned:
        seen["many"] = True

    # writing
    made = api.accounts.create({"Name": "Bolt BV", "IsSupplier": True, "Country": "NL"})
    seen["created"] = [made["Name"], made["Country"]]
    api.accounts.update(made["ID"], {"City": "Delft"})
    seen["updated"] = api.accounts.get(filter_string=f"ID eq guid'{made['ID']}'")["City"]
    api.accounts.delete(made["ID"])
    seen["suppliers"] = len(list(api.accounts.filter("IsSupplier eq true", select="ID")))
    entry = {
        "Journal": "60",
        "Supplier": supplier["ID"],
        "EntryDate": "2026-07-03",
        "YourRef": "INV-2026-88",
        "PurchaseEntryLines": [{"GLAccount": account["ID"], "AmountFC": 750.0, "VATCode": "2", "CostCenter": "OPS"}],
    }
    booked = api.purchases.create(entry)
    seen["entry"] = [booked["EntryNumber"], booked["AmountFC"], booked["Type"]]
    seen["entry_by_number"] = api.purchases.get(entry_number=booked["EntryNumber"])["YourRef"]
    (line,) = entry["PurchaseEntryLines"]
    line["CostCenter"] = "NOPE"
    try:
        api.purchases.create(entry)
    except ExactUnavailable as error:
        seen["refused"] = error.error_message
    try:
        api.accounts.create({"Name": "x", "Colour": "red"})
    except ExactException as error:
        seen["unknown"] = error.error_message

    # tokens: expired -> refreshed and repeated; too early -> refused
    first = api.session.refresh_token
    _move(control, 601)
    seen["after_expiry"] = api.costcenters.get(code="LAB")["Code"]
    seen["rotated"] = api.session.refresh_token != first
    try:
        api.refresh_token()
    except ExactAuthException as error:
        seen["too_early"] = error.error_message
    seen["still_good"] = api.costcenters.get(code="WHS")["Code"]
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:5])))
