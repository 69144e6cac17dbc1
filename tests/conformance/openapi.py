"""Calls checked against an OpenAPI 3 or Swagger 2 document: route, query names, bodies; nothing undocumented passes."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.conformance.faults import Fault
from tests.conformance.traffic import Call

_ROOT = "urn:document"
_METHODS = ("get", "post", "put", "patch", "delete")


class Document:
    """One document of one system."""

    def __init__(self, system: str, source: str, content: dict[str, Any]) -> None:
        self._system, self.source = system, source
        self._content = _strict(content)
        self._registry: Registry[Any] = Registry().with_resource(
            _ROOT, Resource.from_contents(self._content, default_specification=DRAFT202012)
        )
        self._routes = sorted(_routes(self._content), key=lambda route: -len(route[1]))

    @classmethod
    def read(cls, system: str, file: Path) -> "Document":
        """Read a JSON or YAML file."""
        text = file.read_text("utf-8")
        return cls(system, file.name, json.loads(text) if file.suffix == ".json" else yaml.load(text, _Plain))  # noqa: S506 - a loader of plain values

    def faults(self, calls: Iterable[Call]) -> Iterator[Fault]:
        """Yield every deviation of these calls."""
        for call in calls:
            operations = self._operations(call)
            if not operations:
                yield Fault(self._system, self.source, f"{call.method} {call.path}", "route", "", "is not documented")
                continue
            yield from self._of_call(call, *operations)

    def _of_call(self, call: Call, template: str, operations: list[dict[str, Any]]) -> Iterator[Fault]:
        route = f"{call.method} {template}"
        parameters = [self._at(parameter) for one in operations for parameter in one.get("parameters", [])]
        for name in sorted(set(call.query) - {str(one.get("name")) for one in parameters}):
            if not any(_indexed(name) == _indexed(str(one.get("name"))) for one in parameters):
                yield Fault(self._system, self.source, route, "query", name, "is not documented")
        requests = [schema for one in operations if (schema := self._request(one, parameters)) is not None]
        yield from self._best(route, "request", call.request, requests)
        yield from self._best(route, "answer", call.answer, [self._answer(one, call.status) for one in operations])

    def _operations(self, call: Call) -> tuple[str, list[dict[str, Any]]] | None:
        """Return the longest template that the path ends in, with its operations: a query may be part of a template."""
        for pattern, template, _, _ in self._routes:
            if re.search(pattern, call.path, re.IGNORECASE):
                found = [o for _, t, method, o in self._routes if t == template and method == call.method.lower()]
                if found:
                    return template, found
        return None

    def _request(self, operation: dict[str, Any], parameters: list[dict[str, Any]]) -> Any:
        if "requestBody" in operation:
            contents = self._at(operation["requestBody"]).get("content", {})
            return next((one.get("schema") for one in contents.values()), None)
        return next((one.get("schema") for one in parameters if one.get("in") == "body"), None)

    def _answer(self, operation: dict[str, Any], status: int) -> Any:
        answers = operation.get("responses", {})
        found = self._at(answers.get(str(status), answers.get("default", {})))
        if "schema" in found:
            return found["schema"]
        return next((one.get("schema") for one in found.get("content", {}).values()), None)

    def _best(self, route: str, part: str, body: Any, schemas: list[Any]) -> Iterator[Fault]:
        """Judge by the schema that fits best: documents list several forms of one call."""
        if body is None or not schemas:
            return
        judged = [list(self._against(schema, body)) for schema in schemas if schema is not None]
        for place, what in min(judged, key=len, default=[("", "has no documented form")]):
            yield Fault(self._system, self.source, route, part, place, what)

    def _against(self, schema: Any, body: Any) -> Iterator[tuple[str, str]]:
        validator = Draft202012Validator({"$ref": f"{_ROOT}#"} if schema is None else schema, registry=self._registry)
        for error in validator.iter_errors(body):
            yield from _told(error)

    def _at(self, found: Any) -> dict[str, Any]:
        while isinstance(found, dict) and "$ref" in found:
            target: Any = self._content
            for step in str(found["$ref"]).removeprefix(_ROOT).removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            found = target
        return found if isinstance(found, dict) else {}


class _Plain(yaml.SafeLoader):
    """Reads dates as the text that they are."""


_Plain.add_constructor("tag:yaml.org,2002:timestamp", lambda _loader, node: node.value)


def _routes(content: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for address, item in content.get("paths", {}).items():
        template = address.split("?")[0].rstrip("/ ") or "/"
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template)) + "/?$"
        for method in _METHODS:
            if method in item:
                operation = {**item[method]}
                in_path = [{"name": name} for name in re.findall(r"[?&](\w+)=", address)]
                operation["parameters"] = [*item.get("parameters", []), *operation.get("parameters", []), *in_path]
                yield pattern, template, method, operation


def _strict(node: Any, *, composed: bool = False) -> Any:
    """Return the document with local references made absolute, `nullable` understood, and objects closed."""
    if isinstance(node, list):
        return [_strict(one, composed=composed) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: _strict(value, composed=key == "allOf") for key, value in node.items()}
    if isinstance(reference := made.get("$ref"), str) and reference.startswith("#"):
        made["$ref"] = _ROOT + reference
    if isinstance(made.get("properties"), dict) and not composed and "allOf" not in made:
        made.setdefault("additionalProperties", False)
    made.pop("discriminator", None)
    if made.pop("nullable", None) is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


def _indexed(name: str) -> str:
    """Return a query name without its list indices: documents show the first of many."""
    return re.sub(r"\[\d+\]", "[]", name)


def _told(error: ValidationError) -> Iterator[tuple[str, str]]:
    place = ".".join("[]" if isinstance(step, int) else str(step) for step in error.absolute_path)
    instance = error.instance
    if error.validator == "additionalProperties" and isinstance(instance, dict):
        for name in sorted(set(instance) - set(error.schema.get("properties", {}))):
            yield place, f"{name} is not documented"
    elif error.validator == "required" and isinstance(instance, dict):
        for name in sorted(set(error.validator_value) - set(instance)):
            yield place, f"{name} is required and missing"
    else:
        yield place, f"{type(instance).__name__} does not fit {error.validator} {str(error.validator_value)[:80]}"
