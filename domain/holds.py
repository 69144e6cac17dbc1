"""The closed lists of hold types and of troubles without a record: who owns one, what it means, what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Owner(StrEnum):
    """Who mends it, unless the installation names somebody else."""

    ECOMMERCE = "ecommerce"
    WAREHOUSE = "warehouse"
    PRODUCT_DATA = "product data"
    FINANCE = "finance"
    OPERATIONS = "operations"


@dataclass(frozen=True)
class HoldType:
    """One kind of hold. `fixed_by` names the operator flow whose form the alert links to."""

    name: str
    owner: Owner
    title: str
    next_step: str
    origin: str
    fixed_by: str = "release"


_TYPES = [
    HoldType(
        "unknown_sku",
        Owner.PRODUCT_DATA,
        "SKU not in the back office",
        "Create or correct the SKU in the back office, character for character; the next items run releases the orders.",
        "back office",
    ),
    HoldType(
        "sku_form",
        Owner.PRODUCT_DATA,
        "SKU with white space or a look-alike character",
        "Correct the SKU at its source: the listing, or the back office. Nothing is repaired in flight.",
        "marketplace",
    ),
    HoldType(
        "ean",
        Owner.PRODUCT_DATA,
        "EAN wrong or not the item's",
        "Correct the EAN of the listing or of the item so that both sides agree, then release.",
        "marketplace",
    ),
    HoldType(
        "quantity",
        Owner.ECOMMERCE,
        "Quantity cannot be right",
        "Compare the order on both sides; release when the source is corrected.",
        "marketplace",
    ),
    HoldType(
        "address",
        Owner.ECOMMERCE,
        "Address the back office cannot take",
        "Ask John Lewis for a corrected address, or shorten it in the back office's rules, then release.",
        "marketplace",
    ),
    HoldType(
        "gift_message",
        Owner.WAREHOUSE,
        "Gift message the back office cannot take",
        "Arrange the gift message with the warehouse by hand, then release.",
        "marketplace",
    ),
    HoldType(
        "test_order",
        Owner.ECOMMERCE,
        "Test order on a live account",
        "Nothing is shipped for it. Let test orders through in the installation's policy, or drop it.",
        "marketplace",
    ),
    HoldType(
        "known_on_another_account",
        Owner.ECOMMERCE,
        "Order that is known over another account already",
        "It is created once only. Find out which of the two John Lewis means; cancel the other there, then release.",
        "marketplace",
    ),
    HoldType(
        "unmapped_carrier",
        Owner.WAREHOUSE,
        "Carrier without a John Lewis code",
        "Map the carrier with the map_carrier form; every waiting dispatch goes out at once.",
        "back office",
        "map_carrier",
    ),
    HoldType(
        "carrier_not_approved",
        Owner.WAREHOUSE,
        "Carrier that John Lewis does not accept on this account",
        "Map it to an approved carrier, or have the carrier approved by John Lewis.",
        "back office",
        "map_carrier",
    ),
    HoldType(
        "mapping_review",
        Owner.WAREHOUSE,
        "Carrier mapping whose review is due",
        "Compare it with the account's carrier list, then map it with the map_carrier form and a new date; it stays in use meanwhile.",
        "either",
        "map_carrier",
    ),
    HoldType(
        "missing_tracking",
        Owner.WAREHOUSE,
        "Shipped without a usable tracking number",
        "Enter the tracking number on the shipment in the back office; it is picked up by itself.",
        "back office",
    ),
    HoldType(
        "dispatch_does_not_fit",
        Owner.WAREHOUSE,
        "Shipment that does not fit its order",
        "Compare the shipment with the order: SKU, quantity, and whether it was sent before.",
        "back office",
    ),
    HoldType(
        "dispatch_changed",
        Owner.WAREHOUSE,
        "Shipment changed after John Lewis was told",
        "Find out which is right. Amend the dispatch at John Lewis by hand, or correct the shipment; then release.",
        "back office",
    ),
    HoldType(
        "dispatch_without_order",
        Owner.WAREHOUSE,
        "Shipment for an order we do not know",
        "Find out where the order came from; release when the order is known here.",
        "back office",
    ),
    HoldType(
        "cancelled_after_creation",
        Owner.WAREHOUSE,
        "John Lewis cancels an order that the back office has",
        "Stop it in the back office if it is not picked, then answer John Lewis before the deadline.",
        "marketplace",
    ),
    HoldType(
        "cancellation_taken_back",
        Owner.ECOMMERCE,
        "Shown as wanted again after John Lewis asked to cancel it",
        "Ask John Lewis whether it is wanted: release to create it. If not, let them cancel it again.",
        "marketplace",
    ),
    HoldType(
        "cancelled_but_shipped",
        Owner.WAREHOUSE,
        "Shipped although John Lewis asked to cancel",
        "Decide: release to confirm the dispatch (this declines the cancellation), or recall the parcel.",
        "back office",
    ),
    HoldType(
        "backordered",
        Owner.WAREHOUSE,
        "Taken by the back office without stock",
        "Supply the stock or tell John Lewis; the order exists but cannot be picked.",
        "back office",
    ),
    HoldType(
        "no_free_stock",
        Owner.WAREHOUSE,
        "Not taken by the back office: no free stock",
        "Supply the stock, then release; or tell John Lewis that it cannot be sent.",
        "back office",
    ),
    HoldType(
        "pick_voided",
        Owner.WAREHOUSE,
        "Pick list cancelled, and the order in no queue",
        "Put the order back into the warehouse's queue, or ship it; when it is picked again this closes by itself.",
        "back office",
    ),
    HoldType(
        "partly_dispatched",
        Owner.WAREHOUSE,
        "Shipped in part, and nothing since",
        "Ship the rest or cancel it; this closes by itself when nothing of the order is left.",
        "back office",
    ),
    HoldType(
        "cancelled_in_back_office",
        Owner.ECOMMERCE,
        "Cancelled in the back office, not by John Lewis",
        "Create it again there, or agree the cancellation with John Lewis; nothing will be shipped as it stands.",
        "back office",
    ),
    HoldType(
        "unmapped_location",
        Owner.OPERATIONS,
        "Stock in a place that nobody mapped",
        "Name it in pools or in other_pools of the installation's file; until then it counts as nothing.",
        "back office",
    ),
    HoldType(
        "malformed_payload",
        Owner.OPERATIONS,
        "Payload that cannot be read",
        "Send the evidence to the system's support; release when it is read again or mended.",
        "either",
    ),
    HoldType(
        "unknown_value",
        Owner.OPERATIONS,
        "Status or code that nobody documented",
        "Find out what it means and add it to the connector's map; it is never guessed.",
        "either",
    ),
    HoldType(
        "refused",
        Owner.OPERATIONS,
        "Refused by the destination",
        "Read the reason, mend its cause, then release.",
        "either",
    ),
    HoldType(
        "invalid_carrier",
        Owner.WAREHOUSE,
        "John Lewis refused the carrier code",
        "Compare the mapping with the account's carrier list and correct it.",
        "marketplace",
        "map_carrier",
    ),
    HoldType(
        "unknown_outcome",
        Owner.OPERATIONS,
        "Sent, and its outcome cannot be found out",
        "Look for it in the destination by its reference; release to send again only if it is not there.",
        "either",
    ),
    HoldType(
        "keyed_by_hand",
        Owner.OPERATIONS,
        "Placed before going live; perhaps keyed by hand",
        "Look for it in the back office by its Customer Order Number; release to create it only if it is not there.",
        "back office",
    ),
    HoldType(
        "contradiction",
        Owner.OPERATIONS,
        "Something else stands under our reference",
        "Compare both records; correct or cancel the wrong one, then release.",
        "either",
    ),
    HoldType(
        "file_not_worked_off",
        Owner.OPERATIONS,
        "Stock file that the marketplace does not work off",
        "Ask the marketplace's support about the file. Release to give it up: the newest numbers are sent then.",
        "marketplace",
    ),
    HoldType(
        "snapshot_refused",
        Owner.OPERATIONS,
        "Stock scan that is not whole",
        "Nothing was published from it. Look at the row counts; the next whole scan mends it.",
        "back office",
    ),
    HoldType(
        "mass_zero",
        Owner.ECOMMERCE,
        "Many SKUs would drop to zero at once",
        "Check the stock in the back office, then approve with the approve_stock form, or let the next scan agree.",
        "back office",
        "approve_stock",
    ),
    HoldType(
        "listing_without_item",
        Owner.PRODUCT_DATA,
        "Listing without a matching SKU",
        "Create the SKU in the back office or take the listing down; its stock is not managed.",
        "either",
    ),
    HoldType(
        "software_fault",
        Owner.OPERATIONS,
        "Our software fails on it",
        "Send the detail and the run's log to those who maintain this software. Release when it is mended.",
        "this software",
    ),
    HoldType(
        "deadline_at_risk",
        Owner.OPERATIONS,
        "Owed, and its deadline is near",
        "Look at what it waits for; it is still tried.",
        "either",
    ),
]

HOLD_TYPES = {hold_type.name: hold_type for hold_type in _TYPES}
"""Every hold type by its name. An unknown name is a programming error and raises KeyError."""


@dataclass(frozen=True)
class Trouble:
    """A cause that holds no record: a run or a system is in trouble. `mended` says what closes it, `counts` what its number is of."""

    name: str
    owner: Owner
    title: str
    next_step: str
    origin: str
    mended: str
    counts: str = "run"


_TROUBLES = [
    Trouble(
        "run_failed",
        Owner.OPERATIONS,
        "Run failed",
        "Read the run's log. What is owed is kept; start the run again with the form when its cause is mended.",
        "this software",
        "a later run ended well",
    ),
    Trouble(
        "system_down",
        Owner.OPERATIONS,
        "System does not serve us",
        "Nothing is lost and the other accounts go on. Ask the system's support when it does not come back.",
        "either",
        "the system answered again",
    ),
    Trouble(
        "loop_silent",
        Owner.OPERATIONS,
        "Loop that finished nothing",
        "See in Prefect whether its runs start and how they end: the schedule, the worker, or the system it reads.",
        "this software",
        "the loop read its source to the end again",
    ),
    Trouble(
        "stock_late",
        Owner.OPERATIONS,
        "Stock that is not shown",
        "John Lewis may sell what is gone. Read the newest runs of stock and orders: what the marketplace answers, or what waits for its limits or a hold.",
        "marketplace",
        "all that was owed for long is shown",
    ),
    Trouble(
        "not_shipped",
        Owner.WAREHOUSE,
        "Orders not shipped, and their deadline is near or past",
        "Ship them, or tell John Lewis. The flow trends lists them with the nearest deadline first.",
        "back office",
        "all of them were shipped or cancelled",
        "order",
    ),
    Trouble(
        "calls_refused",
        Owner.OPERATIONS,
        "Vendor that refuses our calls as too many",
        "Find the other program that calls with this account, or lower calls_per_minute of the account in the installation's file.",
        "either",
        "an hour passed in which few calls were refused",
    ),
    Trouble(
        "push_refused",
        Owner.OPERATIONS,
        "Push that we refused",
        "Compare the secrets of the account with those at the vendor. The loops go on reading; ask for a repeat of what was refused.",
        "either",
        "a push of the account was taken again",
    ),
    Trouble(
        "not_called",
        Owner.OPERATIONS,
        "Vendor that stopped calling us",
        "Find out why its calls failed: the receiver, TLS or the address. The loops go on reading by their schedules.",
        "back office",
        "it called us again, or can be asked again",
    ),
]

TROUBLES = {trouble.name: trouble for trouble in _TROUBLES}
"""Every trouble by its name. An unknown name is a programming error and raises KeyError."""
