"""The channels as a person would see them: plain HTML, with the links that the messages carry."""

import html
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

STYLE = """
body { font: 15px/1.45 sans-serif; margin: 0 auto; max-width: 46em; padding: 1em; color: #1d1c1d }
h1 { font-size: 1.2em } article { border-top: 1px solid #ddd; padding: .6em 0 }
h3 { font-size: 1.05em; margin: .3em 0 } p { margin: .3em 0 } .fields { display: flex; flex-wrap: wrap }
.fields p { flex: 0 0 46% } .context, time, small { color: #616061; font-size: .85em }
.button { display: inline-block; border: 1px solid #bbb; border-radius: 4px; padding: .2em .7em; margin-right: .5em }
code { background: #f3f3f3; padding: 0 .2em }
article.reply { margin-left: 2em; border-left: 3px solid #ddd; padding-left: .8em }
"""
MARKS = ((r"```(.+?)```", "pre"), (r"`([^`\n]+)`", "code"), (r"\*([^*\n]+)\*", "b"))


def channel_page(channels: Iterable[tuple[str, list[str]]]) -> str:
    """Return the whole page: `(channel, articles)` one after the other; it reloads itself every five seconds."""
    body = "".join(f"<h1>#{html.escape(name)}</h1>{''.join(articles)}" for name, articles in channels)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
        f"<title>Pretend Slack</title><style>{STYLE}</style></head><body>{body or '<p>No messages yet.</p>'}</body></html>"
    )


def article(posted_at: datetime, edits: int, text: str, blocks: list[dict[str, Any]], note: str = "") -> str:
    """Return one message; its text is shown only where it has no blocks, as Slack does. `note` says where it stands."""
    shown = "".join(_block(block) for block in blocks) if blocks else f"<p>{mrkdwn(text)}</p>"
    edited = f" <small>(edited {edits}&times;)</small>" if edits else ""
    kind = ' class="reply"' if note == "reply" else ""
    noted = f" <small>{html.escape(note)}</small>" if note else ""
    return f"<article{kind}><time>{posted_at:%a %d %b %Y %H:%M:%S} UTC</time>{edited}{noted}{shown}</article>"


def mrkdwn(text: str) -> str:
    """Return Slack's markup as safe HTML: `<address|label>`, mentions, bold, code and line breaks."""
    text = re.sub(r"<(?:!subteam\^|[!@])([A-Za-z0-9]+)>", r"*@\1*", text)
    parts = re.split(r"<((?:https?|mailto):[^>|]+)(?:\|([^>]*))?>", text)
    shown = [_marked(parts[0])]
    for address, label, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        shown += [_link(address, label or address), _marked(rest)]
    return "".join(shown)


def _marked(text: str) -> str:
    safe = _escaped(text)
    for pattern, tag in MARKS:
        safe = re.sub(pattern, rf"<{tag}>\1</{tag}>", safe, flags=re.DOTALL)
    return safe.replace("\n", "<br>")


def _escaped(text: str) -> str:
    return html.escape(html.unescape(text))  # senders escape &, < and > already


def _link(address: str, label: str, kind: str = "") -> str:
    css = f' class="{kind}"' if kind else ""
    return f'<a{css} href="{_escaped(address)}">{_escaped(label)}</a>'


def _text(element: dict[str, Any]) -> str:
    return mrkdwn(element["text"]) if element["type"] == "mrkdwn" else _escaped(element["text"])


def _block(block: dict[str, Any]) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{_text(block['text'])}</h3>"
        case "section":
            fields = "".join(f"<p>{_text(field)}</p>" for field in block.get("fields") or [])
            shown = f"<p>{_text(block['text'])}</p>" if "text" in block else ""
            accessory = f"<p>{_button(block['accessory'])}</p>" if "accessory" in block else ""
            return shown + (f'<div class="fields">{fields}</div>' if fields else "") + accessory
        case "context":
            return f'<p class="context">{" &middot; ".join(_text(element) for element in block["elements"])}</p>'
        case "actions":
            return f"<p>{''.join(_button(element) for element in block['elements'])}</p>"
        case _:
            return "<hr>"


def _button(element: dict[str, Any]) -> str:
    label = element["text"]["text"]
    return (
        _link(element["url"], label, "button") if "url" in element else f'<span class="button">{_escaped(label)}</span>'
    )
