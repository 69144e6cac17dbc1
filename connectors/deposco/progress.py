"""Where orders stand in the warehouse, and the one thing that the API lets us do about a cancelled pick list."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.deposco.api import ORDERS, Api
from connectors.deposco.mapping import id_of, moment, moment_text
from connectors.deposco.order_mapping import (
    ASIDE,
    BACK_ORDERED,
    CANCELED,
    IN_WORK,
    SHIPPED,
    WAITING,
    WireOrder,
    lines_of,
    order_of,
)
from connectors.deposco.settings import DeposcoOptions
from connectors.http import VendorRefusal
from connectors.reading import Unreadable
from connectors.roles import OpenOrder
from domain.answers import Answer, Done, Later, OutcomeUnknown, Refused, Unknown
from domain.progress import Progress, Stage

_OVERLAP = timedelta(minutes=5)
_BUSY_FOR = timedelta(seconds=5)
_LEFT_LYING = frozenset({"Voided", "Needs Attention"})
_EXCEPTION = "Exception Pick"
_STAGES = {
    **dict.fromkeys(WAITING, Stage.WAITING),
    **dict.fromkeys(IN_WORK, Stage.IN_WORK),
    **dict.fromkeys(ASIDE, Stage.ASIDE),
    BACK_ORDERED: Stage.SHORT,
    CANCELED: Stage.CANCELLED,
    SHIPPED: Stage.FINISHED,
}
_MAY_BECOME_NEW = ASIDE | WAITING | {BACK_ORDERED}


class Picking:
    """Reads which orders moved, and which stand on hold now; puts an order back into the queue."""

    def __init__(self, api: Api, options: DeposcoOptions) -> None:
        self._api, self._options = api, options

    async def progress(self, since: datetime, about: Sequence[OpenOrder]) -> list[Progress]:
        """Return the open orders that changed since, and all that stand on hold.

        Those on hold are listed every time, so that none is lost that was put aside before we knew it.
        """
        known = {order.external_id: order for order in about if order.external_id}
        if not known:
            return []
        seen: dict[str, Progress] = {}
        window = since - _OVERLAP
        for filters in ({"updatedAfter": moment_text(window)}, {"orderStatus": "Hold"}):
            page = await self._api.page(ORDERS, filters)
            while True:
                for row in page.rows:
                    order = known.get(str(id_of(row)))
                    if order is not None and (progress := self._of(row, order)) is not None:
                        seen[order.key] = progress
                if page.search_id is None or _is_ignored(page.rows, filters, window):
                    break
                page = await self._api.page(ORDERS, search_id=page.search_id)
        return list(seen.values())

    async def requeue(self, order: OpenOrder) -> Answer:
        """Set an order to New, from where the warehouse plans it again. Saying it twice does no harm."""
        path = f"{ORDERS}/{order.external_id}/status"
        try:
            answer = await self._api.new.write("POST", path, params={"value": "New"}, body=None)
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            if refusal.status == 409:
                return Later(self._api.clock.now() + _BUSY_FOR, "Deposco was changing it at the same moment.")
            return Refused(f"Deposco does not let it go back (HTTP {refusal.status}, kept as {refusal.evidence}).")
        try:
            found = order_of(answer)
        except ValueError:
            return Unknown("The answer to the status change does not show the order.")
        if found.id == order.external_id and found.order_status in WAITING | {BACK_ORDERED}:
            return Done(f"{found.shown} is {found.order_status} again", found.id)
        return Unknown(f"{found.shown} does not show the new status.")

    def _of(self, row: Any, order: OpenOrder) -> Progress | None:
        try:
            found = order_of(row)
            lines = lines_of((row.get("orderLines") or {}).get("data") or [])
        except (ValueError, AttributeError):
            return None  # the next look shows it again
        stage = _STAGES.get(found.order_status)
        if stage is None:
            return Progress(order.key, Stage.UNHEARD_OF)
        left_lying = any(line.order_line_status in _LEFT_LYING or line.is_back_ordered == _EXCEPTION for line in lines)
        if _is_dropped_wave(found) or (left_lying and stage in {Stage.WAITING, Stage.IN_WORK, Stage.SHORT}):
            stage = Stage.ASIDE
        may_become_new = _MAY_BECOME_NEW if self._options.requeue_held else _MAY_BECOME_NEW - ASIDE
        ours = found.number.startswith(self._options.number_prefix)
        return Progress(order.key, stage, can_requeue=ours and found.order_status in may_become_new)


def _is_dropped_wave(found: WireOrder) -> bool:
    """Tell whether the order was planned into a wave that is no more."""
    return found.order_status == "Wave Built" and found.pick_wave is None


def _is_ignored(rows: Sequence[Any], filters: Mapping[str, str], window: datetime) -> bool:
    """Tell whether a page shows what was not asked for: reading on would be reading everything."""
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        if "orderStatus" in filters and row.get("orderStatus") != filters["orderStatus"]:
            return True
        if "updatedAfter" in filters:
            try:
                if moment(row.get("updatedDate")) < window:
                    return True
            except Unreadable:
                continue
    return False
