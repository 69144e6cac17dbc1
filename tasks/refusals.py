"""Say loudly when a vendor refuses our calls for their number again and again: all that is owed waits then, stock too."""

from datetime import timedelta

from domain.holds import TROUBLES
from domain.installation import Installation
from ledger import holds, journal, trends
from ledger.database import Transaction

MANY = 5
WITHIN = timedelta(hours=1)


def notice_refusals(tx: Transaction, installation: Installation) -> int:
    """Open a cause for each account that refused many calls within the hour; return how many there are.

    A refusal now and then is the vendor's measure against ours, and closes the account's budget for the time it names.
    """
    refused: dict[str, int] = {}
    for key, _, count in trends.budgets(tx):
        account = key.rpartition(":")[0]
        refused[account] = refused.get(account, 0) + count
    endpoints = (installation.marketplace, installation.back_office, *installation.former_marketplaces)
    return sum(_refuses_many(tx, one.account, refused.get(one.account, 0)) for one in endpoints)


def _refuses_many(tx: Transaction, account: str, refused: int) -> bool:
    """Count from hour to hour: one hour with few refusals closes the cause."""
    feed, signature, trouble = f"refused:{account}", f"calls_refused:{account}", TROUBLES["calls_refused"]
    mark = journal.watermark(tx, feed)
    since, before = (tx.now, refused) if mark is None else (mark.began_at, int(mark.cursor))
    over, many = tx.now - since >= WITHIN, refused - before >= MANY
    if many:
        holds.open_cause_once(
            tx,
            signature=signature,
            type_=trouble.name,
            owner=trouble.owner,
            title=f"{trouble.title}: {account}",
            detail=f"{account} refused {refused - before} calls since {since:%d %b %H:%M} UTC because there were too many.",
        )
    elif over:
        holds.close_cause(tx, signature)
    if mark is None or over:
        journal.set_watermark(tx, feed, str(refused), tx.now, None)
    return many
