"""How an alert looks: Slack's Block Kit, from a cause, with links to the run and to the form that mends it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from domain.deadlines import LONDON
from domain.holds import HOLD_TYPES, TROUBLES, HoldType, Trouble
from domain.identifiers import visible
from ledger.alerts import Alert, Impact

LONGEST_HEADER, LONGEST_FIELD, LONGEST_SECTION, LONGEST_ADDRESS = 150, 1900, 2900, 3000
_FORM_FIELDS = ("carrier", "service")  # what a cause may fill in; everything else stays in the ledger
_CLOSED_AS = {"proved", "mended", "replaced"}
NOBODY: Mapping[str, str] = MappingProxyType({})

_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"  # an e-mail address
    r"|\b[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}\b"  # a postcode
    r"|(?<![0-9A-Za-z])(?:\+44 ?|0)(?:[0-9] ?){8,9}[0-9](?![0-9A-Za-z])"  # a phone number; an EAN is longer
)

Message = tuple[list[dict[str, Any]], str]


@dataclass(frozen=True)
class Links:
    """Where the pages of the Prefect UI are. `deployments`: the id of each deployment by its name."""

    ui: str
    deployments: Mapping[str, str] = field(default_factory=dict)

    def run(self, run_id: str) -> str:
        """Return the address of a run's page."""
        return f"{self.ui}/flow-runs/flow-run/{quote(run_id, safe='')}"

    def form(self, deployment: str, parameters: Mapping[str, Any]) -> str:
        """Return the address of a deployment's run form, filled in; of the list of deployments when it is unknown."""
        known = self.deployments.get(deployment)
        if known is None:
            return f"{self.ui}/deployments"
        filled = quote(json.dumps(dict(parameters), ensure_ascii=False), safe="")
        address = f"{self.ui}/deployments/deployment/{known}/run?parameters={filled}"
        return address if len(address) <= LONGEST_ADDRESS else f"{self.ui}/deployments/deployment/{known}"


def render(
    alert: Alert, links: Links, now: datetime, origin: str = "", mentions: Mapping[str, str] = NOBODY
) -> Message:
    """Return the blocks and the plain text of an alert, within Slack's limits and without personal data.

    `origin` says where it comes from, where the type of the cause alone cannot; `mentions`, how Slack calls
    somebody to whom it may be escalated.
    """
    return _closed(alert, links) if alert.closed_at else _open(alert, links, now, origin, mentions)


def render_step(alert: Alert, links: Links, now: datetime, mentions: Mapping[str, str] = NOBODY) -> Message:
    """Return the message that tells the next owner of a cause that nobody took: first what waits, and how long there is."""
    title, next_step = _title(alert), _known(alert).next_step
    who, waited = _called(alert.escalated_to, mentions), _length(now - alert.opened_at)
    deadline = _deadline(alert.first_deadline_at, now)
    facts = {
        "Affected": _affected(alert),
        "First deadline": deadline,
        "Owner": alert.owner,
        "Nobody took it for": waited,
    }
    told = f"{who}: {_safe(title)}. {_affected(alert)}, first deadline {deadline}. Nobody took it for {waited}."
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": _marked(f"{who}: *{_safe(title)}*, and nobody took it.", LONGEST_SECTION)},
        _fields({name: _safe(value) for name, value in facts.items()}),
        {"type": "section", "text": _marked(_safe(alert.detail), LONGEST_SECTION)},
        {"type": "section", "text": _marked(f"*Next step*\n{_safe(next_step)}", LONGEST_SECTION)},
        _buttons(alert, links),
    ]
    return blocks, _cut(told, LONGEST_SECTION)


def _open(alert: Alert, links: Links, now: datetime, origin: str, mentions: Mapping[str, str]) -> Message:
    title, known = _title(alert), _known(alert)
    facts = {
        "Affected": _affected(alert),
        "First deadline": _deadline(alert.first_deadline_at, now),
        "Owner": alert.owner,
        "Comes from": origin or known.origin,
        "First seen": _london(alert.opened_at),
        "Cause": f"no. {alert.cause_id}",
    }
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(title, LONGEST_HEADER)},
        {"type": "section", "text": _marked(_safe(alert.detail), LONGEST_SECTION)},
        _fields({name: _safe(value) for name, value in facts.items()} | _in_hand(alert, mentions)),
        {"type": "section", "text": _marked(f"*Next step*\n{_safe(known.next_step)}", LONGEST_SECTION)},
        *([_buttons(alert, links)] if _ways(alert, links) else []),
    ]
    return blocks, _cut(
        f"{_safe(title)}. {_affected(alert)}. Owner: {_safe(alert.owner)}. {known.next_step}", LONGEST_SECTION
    )


def _closed(alert: Alert, links: Links) -> Message:
    lasted = _length((alert.closed_at or alert.opened_at) - alert.opened_at)
    title = _title(alert)
    told = f"✅ {_safe(title)} - mended after {lasted}: {_closed_by(alert)}. {_affected(alert)}."
    run = f" <{links.run(alert.run_id)}|First run>" if alert.run_id else ""
    return [{"type": "section", "text": _marked(told + run, LONGEST_SECTION)}], told


def _title(alert: Alert) -> str:
    return f"{alert.installation}: {alert.title}" if alert.installation else alert.title


def _known(alert: Alert) -> HoldType | Trouble:
    return HOLD_TYPES.get(alert.type) or TROUBLES[alert.type]


def _in_hand(alert: Alert, mentions: Mapping[str, str]) -> dict[str, str]:
    """Return who has it in hand, as far as anybody has."""
    found: dict[str, str] = {}
    if alert.escalated_at is not None:
        found["Escalated to"] = f"{_called(alert.escalated_to, mentions)}, {_london(alert.escalated_at)}"
    if alert.taken_at is not None:
        found["Taken by"] = f"{_safe(alert.taken_by)} at {_london(alert.taken_at)}"
    return found


def _called(name: str, mentions: Mapping[str, str]) -> str:
    return " ".join(filter(None, (f"*{_safe(name)}*", mentions.get(name))))


def _ways(alert: Alert, links: Links) -> dict[str, str]:
    """Return the pages that help, by what a button to each says."""
    ways: dict[str, str] = {}
    if alert.taken_at is None:
        ways["Take it"] = links.form("take", {"installation": alert.installation, "cause": alert.cause_id})
    if alert.type in HOLD_TYPES:
        form = HOLD_TYPES[alert.type].fixed_by
        filled: dict[str, Any] = {"installation": alert.installation}
        if form == "release":
            filled["cause"] = alert.cause_id
        filled |= {name: value for name, value in (alert.fix or {}).items() if name in _FORM_FIELDS}
        ways[f"Open the form {form}"] = links.form(form, filled)
    elif alert.type == "run_failed":
        _, flow, installation = alert.signature.split(":", 2)
        deployment = f"{flow}-{installation}" if installation else flow
        ways["Run it again"] = links.form(deployment, {"installation": installation} if installation else {})
    if alert.run_id:
        ways["Open the run"] = links.run(alert.run_id)
    return ways


def _affected(alert: Alert) -> str:
    if alert.type in TROUBLES:
        one = TROUBLES[alert.type].counts
        return f"{alert.count} {one}{'s' if alert.count != 1 else ''}{' so far' if one == 'run' else ''}"
    counted = _counted(alert.impact)
    return ", ".join(counted) or f"{alert.count} record{'s' if alert.count != 1 else ''}"


def _counted(impact: Impact) -> list[str]:
    counts = {
        ("order", "orders"): impact.orders,
        ("dispatch", "dispatches"): impact.dispatches,
        ("SKU", "SKUs"): impact.skus,
    }
    return [f"{count} {one if count == 1 else many}" for (one, many), count in counts.items() if count]


def _closed_by(alert: Alert) -> str:
    """Say what closed it; a person's name and reason stay in the ledger."""
    if alert.type in TROUBLES:
        return TROUBLES[alert.type].mended
    if alert.closed_as.startswith("released"):
        return "released by a person"
    return alert.closed_as if alert.closed_as in _CLOSED_AS else "its last hold closed"


def _deadline(deadline_at: datetime | None, now: datetime) -> str:
    if deadline_at is None:
        return "none"
    left = deadline_at - now
    if left <= timedelta():
        return f"{_london(deadline_at)} - passed {_length(-left)} ago (at {_london(now)})"
    return f"{_london(deadline_at)} - {_length(left)} left (at {_london(now)})"


def _london(moment: datetime) -> str:
    return f"{moment.astimezone(LONDON):%a %d %b %H:%M %Z}"


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def _safe(text: str) -> str:
    """Show white space at the ends, hide what looks personal, and let nothing act as Slack's markup."""
    shown = _PERSONAL.sub("[hidden]", visible(text))
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _plain(text: str, longest: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(_PERSONAL.sub("[hidden]", visible(text)), longest), "emoji": False}


def _marked(text: str, longest: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": _cut(text, longest) or " "}


def _fields(facts: Mapping[str, str]) -> dict[str, Any]:
    """Return a block of facts; their values are safe already."""
    return {
        "type": "section",
        "fields": [_marked(f"*{name}*\n{value}", LONGEST_FIELD) for name, value in facts.items()],
    }


def _buttons(alert: Alert, links: Links) -> dict[str, Any]:
    return {"type": "actions", "elements": [_button(*way) for way in _ways(alert, links).items()]}


def _button(words: str, address: str) -> dict[str, Any]:
    return {"type": "button", "text": _plain(words, 75), "url": address}
