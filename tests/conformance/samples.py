"""Calls checked against sample traffic: a vendor's collection of examples, or calls recorded from a running system."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.conformance.faults import Fault
from tests.conformance.traffic import Call

Shape = dict[str, set[str]]
"""The kinds of value seen at each place of a body."""

_VARIABLE = re.compile(r"^([A-Z_]+|\{.*\}|<.*>|[0-9]+|[0-9a-f]{8}-[0-9a-f-]+)$")


class Samples:
    """The shapes of sample bodies, by route. `whole`: a sample shows every field that an answer has."""

    def __init__(self, system: str, source: str, *, whole: bool) -> None:
        self._system, self.source, self._whole = system, source, whole
        self._shapes: dict[tuple[str, str], list[Any]] = defaultdict(list)

    @classmethod
    def of_collection(cls, system: str, file: Path) -> "Samples":
        """Read a Postman collection."""
        samples = cls(system, file.name, whole=True)
        for request, answers in _requests(json.loads(file.read_text("utf-8"))["item"]):
            address = request["url"] if isinstance(request["url"], str) else request["url"]["raw"]
            path = _template(re.sub(r"^\{\{[^}]*\}\}", "", address))
            samples.add(request["method"], path, "request", (request.get("body") or {}).get("raw"))
            for answer in answers:
                samples.add(request["method"], path, "answer", answer.get("body"))
        return samples

    @classmethod
    def of_recording(cls, system: str, file: Path) -> "Samples":
        """Read recorded calls: a JSON object a line, with request and response."""
        samples = cls(system, file.name, whole=False)
        for line in file.read_text("utf-8").splitlines():
            call = json.loads(line)
            asked, answered = call["request"], call["response"]
            if answered["status"] < 300:
                path = _template(asked["path"].split("?")[0])
                samples.add(asked["method"], path, "request", asked.get("body"))
                samples.add(asked["method"], path, "answer", answered.get("body"))
        return samples

    def add(self, method: str, path: str, part: str, body: Any) -> None:
        """Take one sample body; text that is no JSON shows nothing."""
        if isinstance(body, str):
            try:
                body = json.loads(body)
            except ValueError:
                return
        if body is not None:
            self._shapes[f"{method} {path}", part].append(body)

    def faults(self, calls: Iterable[Call]) -> Iterator[Fault]:
        """Yield what calls have that no sample of their route has, and fields of a whole sample that answers lack."""
        for call in calls:
            route = self._route(call)
            for part, body in (("request", call.request), ("answer", call.answer)):
                known = self._shapes.get((route, part))
                if known and body is not None and call.status < 300:
                    for place, what in _differences(
                        _shape(body), _shape(*known), lacks=self._whole and part == "answer"
                    ):
                        yield Fault(self._system, self.source, route, part, place, what)

    def _route(self, call: Call) -> str:
        path = _template(call.path)
        ends = [route for route, _ in self._shapes if f"{call.method} {path}".endswith(route.split(" ", 1)[1])]
        fits = [route for route in ends if route.startswith(f"{call.method} ")]
        return max(fits, key=len, default=f"{call.method} {path}")


def _requests(items: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    for item in items:
        if "item" in item:
            yield from _requests(item["item"])
        else:
            yield item["request"], item.get("response", [])


def _template(path: str) -> str:
    steps = re.split(r"[?&]", path)[0].strip("/").split("/")
    return "/" + "/".join("{id}" if _VARIABLE.match(step) else step for step in steps)


def _shape(*bodies: Any) -> Shape:
    found: Shape = defaultdict(set)
    for body in bodies:
        _walk(body, "", found)
    return found


def _walk(value: Any, place: str, found: Shape) -> None:
    found[place].add(_kind(value))
    if isinstance(value, dict):
        for name, one in value.items():
            _walk(one, f"{place}.{name}".lstrip("."), found)
    elif isinstance(value, list):
        for one in value:
            _walk(one, f"{place}[]", found)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    names = ((str, "text"), (dict, "object"), (list, "list"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")


def _differences(ours: Shape, known: Shape, *, lacks: bool) -> Iterator[tuple[str, str]]:
    for place, kinds in ours.items():
        if place not in known:
            if _parent(place) in known:
                yield place, "no sample has it"
        elif "null" not in known[place] and (other := kinds - known[place] - {"null"}):
            yield place, f"is {', '.join(sorted(other))}; samples have {', '.join(sorted(known[place]))}"
    if lacks:
        for place in known:
            if place not in ours and _parent(place) in ours and not place.endswith("[]"):
                yield place, "a sample has it, we have not"


def _parent(place: str) -> str:
    if place.endswith("[]"):
        return place[:-2]
    return place.rpartition(".")[0]
