"""Stock: a file of many offers, worked off later. Nothing of it counts before its report was read."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any

from connectors.bodies import File
from connectors.http import VendorRefusal
from connectors.mirakl.api import OFFERS, PAGE_SIZE, Api
from connectors.mirakl.refusals import harmless, shown_reason
from connectors.mirakl.stock_file import Report, Ticket, file_of
from domain.answers import (
    Absent,
    Accepted,
    Answer,
    Contradicted,
    Finding,
    Found,
    NotNow,
    NotYet,
    OutcomeUnknown,
    Refused,
    Unknown,
)
from domain.budgets import Lane
from domain.records import Availability

IMPORTS = f"{OFFERS}/stock/imports"
"""The only address to which a file goes. It changes quantities and cannot delete an offer."""


class AvailabilitySink:
    """The stock of offers. The file sets absolute numbers, so sending one twice does no harm."""

    batch = 5_000
    parallel = 1
    visible_after = timedelta(minutes=2)  # a file is worked off in between

    def __init__(self, api: Api, ticket_limit: timedelta) -> None:
        self._api, self.ticket_limit = api, ticket_limit

    async def send(self, records: Sequence[Availability]) -> Mapping[str, Answer]:
        """Send one file with a line for each record."""
        file = File("stock.csv", file_of(records), "text/csv")
        lane = Lane.URGENT if any(one.quantity == 0 for one in records) else Lane.NORMAL
        try:
            answer = await self._api.account.write(
                "POST", IMPORTS, body=file, params=self._api.shop, lane=lane, limit=self._api.limits.send_stock
            )
        except OutcomeUnknown as trouble:
            return {one.key: Unknown(str(trouble)) for one in records}
        except VendorRefusal as refusal:
            return {one.key: Refused(shown_reason(refusal)) for one in records}
        ticket = _ticket(answer, len(records))
        if ticket is None:
            return {one.key: Unknown("Mirakl took the stock file and named no import.") for one in records}
        return {one.key: Accepted(str(ticket)) for one in records}

    async def find(self, records: Sequence[Availability]) -> Mapping[str, Finding]:
        """Ask what became of the files of the records; read back what no report answers for.

        When the budget ends half way, what was seen by then is returned.
        """
        findings: dict[str, Finding] = {}
        files: dict[Ticket, list[Availability]] = {}
        loose: list[Availability] = []
        for one in records:
            ticket = Ticket.parsed(one.ticket)
            loose.append(one) if ticket is None else files.setdefault(ticket, []).append(one)
        wait: NotNow | None = None
        for ticket, sent in files.items():
            try:
                answered = await self._answered(ticket, sent)
            except NotNow as spent:
                wait, answered = spent, dict.fromkeys((one.key for one in sent), NotYet("the call budget is spent"))
            findings |= answered
            loose += [one for one in sent if one.key not in answered]
        if loose:
            findings |= await self._read_back(loose, alone=not findings)
        if wait is not None and all(isinstance(one, NotYet) for one in findings.values()):
            raise wait
        return findings

    async def _answered(self, ticket: Ticket, sent: Sequence[Availability]) -> dict[str, Finding]:
        """Return what a file's status and report say; a record that is left out has to be read back."""
        try:
            status = await self._api.account.read(
                "GET", f"{IMPORTS}/{ticket.import_id}/status", params=self._api.shop, limit=self._api.limits.ask_stock
            )
        except VendorRefusal:
            return {}
        match status.get("status") if isinstance(status, dict) else None:
            case "WAITING" | "RUNNING":
                return dict.fromkeys((one.key for one in sent), NotYet(f"{ticket} is {status['status'].lower()}"))
            case "FAILED":
                return dict.fromkeys((one.key for one in sent), Absent())
            case "COMPLETE" if _adds_up(status, ticket, sent):
                return await self._reported(ticket, sent, status)
            case _:
                return {}

    async def _reported(
        self, ticket: Ticket, sent: Sequence[Availability], status: Mapping[str, Any]
    ) -> dict[str, Finding]:
        """Return what the report of a complete file says of each line; nothing where it cannot be believed."""
        wrong = status.get("lines_in_error")
        if not status.get("has_error_report") and not wrong:
            return {one.key: Found(f"{ticket}: complete, without errors", one.external_id) for one in sent}
        try:
            text = await self._api.account.read_text(
                "GET",
                f"{IMPORTS}/{ticket.import_id}/error_report",
                params=self._api.shop,
                limit=self._api.limits.report_stock,
            )
        except VendorRefusal:
            return {}
        errors = Report.read(text, sent).errors
        if errors is None or not errors or (wrong is not None and len(errors) != wrong):
            return {}
        return {one.key: _line_finding(ticket, one, errors) for one in sent}

    async def _read_back(self, records: Sequence[Availability], *, alone: bool) -> dict[str, Finding]:
        """Compare with what the offers show. The channel lowers the number when it sells: a lower one is the record's."""
        shown: dict[str, list[Any]] = {}
        try:
            if len(records) > 2:
                await self._read_list(records, shown)
            for one in records:
                if one.sku not in shown:
                    _, rows = await self._api.rows(OFFERS, "offers", self._api.limits.view_offers, sku=one.sku)
                    shown[one.sku] = [row for row in rows if _sku(row) == one.sku]
        except NotNow:
            if not shown and alone:
                raise
        spent = NotYet("not looked up: the call budget is spent")
        return {one.key: _finding(one, shown[one.sku]) if one.sku in shown else spent for one in records}

    async def _read_list(self, records: Sequence[Availability], shown: dict[str, list[Any]]) -> None:
        """Read the list of offers while that is cheaper than asking for each."""
        offset, total, wanted = 0, 1, {one.sku for one in records}
        while offset < total:
            total, rows = await self._api.rows(OFFERS, "offers", self._api.limits.view_offers, offset=offset)
            for row in rows:
                if (sku := _sku(row)) in wanted:
                    shown.setdefault(str(sku), []).append(row)
            offset += len(rows)
            missing = len(wanted) - len(shown)
            if not rows or not missing or ceil((total - offset) / PAGE_SIZE) > missing:
                return


def _ticket(answer: Any, lines: int) -> Ticket | None:
    import_id = answer.get("import_id") if isinstance(answer, dict) else None
    if isinstance(import_id, bool) or not isinstance(import_id, str | int):
        return None
    return Ticket.parsed(str(Ticket(str(import_id), lines)))


def _adds_up(status: Mapping[str, Any], ticket: Ticket, sent: Sequence[Availability]) -> bool:
    """Tell whether all lines of the file are at hand, and the vendor counts as many."""
    if len(sent) != ticket.lines or not isinstance(status.get("has_error_report"), bool):
        return False
    good, bad = status.get("lines_in_success"), status.get("lines_in_error")
    if good is None and bad is None:
        return True  # the schema promises neither
    return isinstance(good, int) and isinstance(bad, int) and good + bad == ticket.lines


def _line_finding(ticket: Ticket, record: Availability, errors: Mapping[str, str]) -> Finding:
    if record.sku not in errors:
        return Found(f"{ticket}: complete, not among the errors", record.external_id)
    said = harmless(errors[record.sku]) or "see the import's report in the portal"
    hold_type = "listing_without_item" if said.startswith("The offer does not exist") else "refused"
    return Contradicted(f"{ticket}: the line was rejected: {said}", hold_type)


def _finding(record: Availability, offers: Sequence[Any]) -> Finding:
    if not offers:
        return Absent()
    if len(offers) > 1:
        return Contradicted(f"{len(offers)} offers have this SKU")
    quantity, offer = offers[0].get("quantity"), str(offers[0].get("offer_id") or "")
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        return Contradicted(f"offer {offer} shows no quantity")
    if quantity > record.quantity:
        return Absent()
    sold = "" if quantity == record.quantity else f" of {record.quantity}: the channel has sold since"
    return Found(f"offer {offer} shows {quantity}{sold}", offer)


def _sku(row: Any) -> Any:
    return row.get("shop_sku") if isinstance(row, dict) else None
