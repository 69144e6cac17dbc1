"""An order's original of either road to The Edge: an account may change its road with orders in flight. Pure."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from connectors.virtualstock.files.dossier import DOSSIER_KEEPS, read_dossier
from connectors.virtualstock.mapping import ORDER_KEEPS, read_order
from domain.records import Received, Reject

KEEPS: Mapping[str, Any] = {**ORDER_KEEPS, **DOSSIER_KEEPS}
USUAL_TOWN = "shipping_address_3"


def read_original(
    raw: Any, zone: ZoneInfo, retailer_id: int | None, town_column: str = USUAL_TOWN, *, test: bool = False
) -> Received | Reject:
    """Map what came over REST, or as files."""
    if isinstance(raw, dict) and "files" in raw:
        return read_dossier(raw, zone, town_column, test=test)
    return read_order(raw, zone, retailer_id)
