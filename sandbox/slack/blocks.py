"""What Slack accepts as blocks: its published limits, checked as it checks them."""

from collections.abc import Callable
from typing import Any

MOST_BLOCKS = 50
LONGEST_SECTION = 3000
LONGEST_HEADER = 150
LONGEST_FIELD = 2000
LONGEST_BUTTON = 75
LONGEST_URL = 3000
MOST_FIELDS = 10
MOST_CONTEXT_ELEMENTS = 10
MOST_ACTIONS = 25


def complaints(blocks: Any) -> list[str]:
    """Return what is wrong with the blocks, one text a fault; an empty list when Slack would take them."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        return ["must be an array of objects [json-pointer:/blocks]"]
    if len(blocks) > MOST_BLOCKS:
        return [f"no more than {MOST_BLOCKS} items allowed [json-pointer:/blocks]"]
    found = []
    for number, block in enumerate(blocks):
        found += [f"{fault} [json-pointer:/blocks/{number}]" for fault in _block_faults(block)]
    return found


def _block_faults(block: dict[str, Any]) -> list[str]:
    match block.get("type"):
        case "header":
            return _text_faults(block.get("text"), LONGEST_HEADER, ("plain_text",))
        case "section":
            return _section_faults(block)
        case "context":
            return _element_faults(block, MOST_CONTEXT_ELEMENTS, _context_faults)
        case "actions":
            return _element_faults(block, MOST_ACTIONS, _button_faults)
        case "divider":
            return []
        case other:
            return [f"unsupported type: {other}"]


def _text_faults(text: Any, longest: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> list[str]:
    if not isinstance(text, dict) or text.get("type") not in kinds or not isinstance(text.get("text"), str):
        return [f"text must be an object of type {' or '.join(kinds)}"]
    if not 1 <= len(text["text"]) <= longest:
        return [f"must be more than 0 and less than {longest + 1} characters"]
    return []


def _section_faults(block: dict[str, Any]) -> list[str]:
    fields = block.get("fields") or []
    if not isinstance(fields, list) or len(fields) > MOST_FIELDS:
        return [f"no more than {MOST_FIELDS} fields allowed"]
    faults = [fault for field in fields for fault in _text_faults(field, LONGEST_FIELD)]
    if not fields or "text" in block:
        faults += _text_faults(block.get("text"), LONGEST_SECTION)
    if "accessory" in block:
        faults += _button_faults(block["accessory"])
    return faults


def _element_faults(block: dict[str, Any], most: int, check: Callable[[Any], list[str]]) -> list[str]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= most:
        return [f"elements must be 1 to {most} items"]
    return [fault for element in elements for fault in check(element)]


def _context_faults(element: Any) -> list[str]:
    return _text_faults(element, LONGEST_SECTION)


def _button_faults(element: Any) -> list[str]:
    if not isinstance(element, dict) or element.get("type") != "button":
        return ["this pretend Slack knows no interactive element but the button"]
    faults = _text_faults(element.get("text"), LONGEST_BUTTON, ("plain_text",))
    url = element.get("url", "https://")
    if not isinstance(url, str) or len(url) > LONGEST_URL or not url.startswith(("http://", "https://")):
        faults.append("url must be a valid address")
    return faults
