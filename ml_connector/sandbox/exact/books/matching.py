"""Open items of suppliers against bank and journal lines: matched on equal amount and OurRef alone (exact-online 10.6).

Nothing else matches: another amount, or a line that names no item, stays beside it. What was matched and is taken back
by a line of the opposite sign is open again. Differences of exchange are booked by the product itself.
"""

from collections.abc import Iterable
from decimal import Decimal

from ml_connector.sandbox.exact.books.entries import PAYMENTS, next_entry_number
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.wire import Row, day_of

OPEN, SELECTED, PROCESSED, MATCHED = 20, 30, 40, 50
BANK, BANK_LINES = "financialtransaction/BankEntries", "financialtransaction/BankEntryLines"
JOURNAL, JOURNAL_LINES = "generaljournalentry/GeneralJournalEntries", "generaljournalentry/GeneralJournalEntryLines"
#: Which header a line stands under, and the sign by which its amount pays: out of the bank is negative (10.5).
_LINES = ((BANK_LINES, BANK, -1), (JOURNAL_LINES, JOURNAL, 1))
EXCHANGE_ACCOUNT = "4940"
_ZERO = Decimal(0)


def match(company: Company, lines: Iterable[Row]) -> None:
    """What these lines are about is matched, or open again. Lines: new ones, or those of an entry that is gone."""
    for account, ref in {(line.get("Account"), line.get("OurRef")) for line in lines}:
        if account and ref:
            for item in company.table(PAYMENTS).where("EntryNumber", ref):
                if item["Account"] == account:
                    _settle(company, item)


def paid_of(company: Company, item: Row) -> list[tuple[Decimal, Row]]:
    """Lines that name an item, by their time, each with what it pays in the item's currency."""
    found: list[tuple[Decimal, Row]] = []
    for path, header, sign in _LINES:
        for line in company.table(path).where("OurRef", item["EntryNumber"]):
            entry = company.get(header, line["EntryID"]) or {}
            same = line.get("Account") == item["Account"] and line.get("GLAccount") == item["GLAccount"]
            if same and entry.get("Currency") == item["Currency"] and not line.get("_exchange"):
                found.append((sign * line["AmountFC"], line))
    return sorted(found, key=lambda one: one[1]["Timestamp"])


def _settle(company: Company, item: Row) -> None:
    due = -item["AmountFC"]
    pool: list[tuple[Decimal, Row]] = []
    matched = False
    for amount, line in paid_of(company, item):
        taken_back = next((at for at, (one, _) in enumerate(pool) if one == -amount), None)
        if taken_back is not None:  # the two are matched with each other, and what else paid the item stands
            pool = [*pool[:taken_back], *pool[taken_back + 1 :]]
        elif matched:
            continue  # it stays beside the item, as one of its own
        else:
            pool = [*pool, (amount, line)]
        matched = bool(pool) and sum((one for one, _ in pool), _ZERO) == due
    status = MATCHED if matched else OPEN
    if item["Status"] == status or (not matched and item["Status"] != MATCHED):
        return
    item["Status"] = status
    company.change(PAYMENTS, item)
    _exchange(company, item, [line for _, line in pool] if matched else [])


def _exchange(company: Company, item: Row, lines: list[Row]) -> None:
    """The difference between the rate of the item and that of what pays it; none once it is open again."""
    for old in company.table(JOURNAL_LINES).where("OurRef", item["EntryNumber"]):
        if old.get("_exchange") == item["ID"]:
            header = company.get(JOURNAL, old["EntryID"])
            company.drop(JOURNAL_LINES, old)
            if header is not None and not company.lines(JOURNAL, header):
                company.drop(JOURNAL, header)
    difference = -item["AmountDC"] - abs(sum((line["AmountDC"] for line in lines), _ZERO))
    if not lines or not difference:
        return
    account = company.by_code("financial/GLAccounts", EXCHANGE_ACCOUNT) or company.add(
        "financial/GLAccounts",
        {"Code": EXCHANGE_ACCOUNT, "Description": "Exchange differences", "Type": 120, "BalanceSide": "D",
         "BalanceType": "W", "UseCostcenter": 2, "UseCostunit": 2, "IsBlocked": False},
    )  # fmt: skip
    day = day_of(company.now_ms())
    header = company.add(
        JOURNAL,
        {"EntryNumber": next_entry_number(company, "90", day.year), "JournalCode": "90", "Currency": company.currency,
         "FinancialYear": day.year, "FinancialPeriod": day.month, "Type": 90, "Status": 20,
         "JournalDescription": "General", "StatusDescription": "Open"},
    )  # fmt: skip
    for at, (key, amount) in enumerate(((item["GLAccount"], difference), (account["ID"], -difference)), 1):
        company.add(
            JOURNAL_LINES,
            {"EntryID": header["EntryID"], "EntryNumber": header["EntryNumber"], "LineNumber": at, "GLAccount": key,
             "Account": item["Account"] if at == 1 else None, "OurRef": item["EntryNumber"], "AmountFC": amount,
             "AmountDC": amount, "Description": "Exchange difference", "_exchange": item["ID"]},
        )  # fmt: skip
