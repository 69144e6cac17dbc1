"""The checker, on small documents of our own: what is right passes, and each kind of deviation is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import SYSTEMS
from tests.conformance.faults import Explanation, Fault, Judgement, explanations
from tests.conformance.openapi import Document
from tests.conformance.samples import Samples
from tests.conformance.traffic import Call, traffic
from tests.contract.joint import harness_of

SHOP = {
    "openapi": "3.1.0",
    "paths": {
        "/orders/{id}": {
            "put": {
                "parameters": [{"name": "dry", "in": "query"}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
                },
            }
        },
        "/list?page={page}": {"get": {"responses": {"200": {}}}},
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "note": {"type": "string", "nullable": True},
                    "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
                },
            }
        }
    },
}
OLDER = {
    "swagger": "2.0",
    "basePath": "/rest",
    "paths": {
        "/V1/orders": {
            "post": {
                "parameters": [{"name": "body", "in": "body", "schema": {"$ref": "#/definitions/Body"}}],
                "responses": {"default": {"schema": {"type": "object", "properties": {"id": {"type": "integer"}}}}},
            }
        }
    },
    "definitions": {"Body": {"type": "object", "properties": {"entity": {"type": "object"}}}},
}
GOOD: dict[str, Any] = {"id": "A", "note": None, "lines": [{"sku": "MUG-1"}]}


def told(document: Document | Samples, *calls: Call) -> list[str]:
    return sorted({f"{fault.part} {fault.place}: {fault.what}" for fault in document.faults(calls)})


def put(request: Any = GOOD, answer: Any = GOOD, query: tuple[str, ...] = ()) -> Call:
    return Call("PUT", "/shop/orders/7", query, request, 200, answer)


def test_what_is_documented_passes() -> None:
    document = Document("shop", "own", SHOP)
    assert told(document, put(query=("dry",)), Call("GET", "/shop/list", ("page",), None, 200, None)) == []


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (Call("GET", "/shop/orders/7", (), None, 200, None), "route : is not documented"),
        (put(query=("wet",)), "query wet: is not documented"),
        (put(request={"note": "x"}), "request : id is required and missing"),
        (put(request={**GOOD, "extra": 1}), "request : extra is not documented"),
        (put(answer={**GOOD, "lines": [{"sku": 7}]}), "answer lines.[].sku: int does not fit type string"),
        (put(answer={**GOOD, "lines": [{"sky": "x"}]}), "answer lines.[]: sky is not documented"),
        (Call("GET", "/list", (), None, 200, {"any": 1}), "answer : has no documented form"),
    ],
)
def test_each_deviation_from_a_schema_is_named(call: Call, fault: str) -> None:
    assert told(Document("shop", "own", SHOP), call) == [fault]


def test_an_older_document_is_read_too() -> None:
    document = Document("shop", "own", OLDER)
    assert told(document, Call("POST", "/rest/default/V1/orders", (), {"entity": {}}, 200, {"id": 1})) == []
    wrong = Call("POST", "/rest/V1/orders", (), {"entities": {}}, 200, {"id": "1"})
    assert told(document, wrong) == ["answer id: str does not fit type integer", "request : entities is not documented"]


def test_a_file_may_be_yaml_and_its_dates_stay_text(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("paths:\n  /me:\n    get:\n      example: 2026-01-05\n      responses: {'200': {}}\n", "utf-8")
    assert told(Document.read("shop", file), Call("GET", "/me", (), None, 200, None)) == []


def test_samples_show_what_is_missing_and_what_is_too_much(tmp_path: Path) -> None:
    sample = {"request": {"method": "POST", "url": {"raw": "{{host}}/orders/ORDER_ID/ship/?format=json"}}}
    sample["request"]["body"] = {"raw": json.dumps({"items": [{"sku": "A", "units": 1}]})}
    sample["response"] = [{"body": json.dumps({"id": 1, "state": "x"})}]  # type: ignore[assignment]
    file = tmp_path / "collection.json"
    file.write_text(json.dumps({"item": [{"name": "folder", "item": [sample]}]}), "utf-8")
    samples = Samples.of_collection("shop", file)
    good = Call("POST", "/orders/7/ship/", (), {"items": [{"sku": "B", "units": 2}]}, 200, {"id": 2, "state": "y"})
    assert told(samples, good) == []
    bad = Call("POST", "/orders/7/ship/", (), {"items": [{"sku": 7, "carrier": "x"}]}, 200, {"id": 2})
    assert told(samples, bad) == [
        "answer state: a sample has it, we have not",
        "request items[].carrier: no sample has it",
        "request items[].sku: is number; samples have text",
    ]


def test_a_recording_shows_only_what_is_too_much(tmp_path: Path) -> None:
    recorded = {"request": {"method": "GET", "path": "/V1/orders?x=1"}, "response": {"status": 200, "body": {"a": 1}}}
    file = tmp_path / "observed.jsonl"
    file.write_text(json.dumps(recorded) + "\n", "utf-8")
    samples = Samples.of_recording("shop", file)
    assert told(samples, Call("GET", "/rest/V1/orders", (), None, 200, {})) == []
    assert told(samples, Call("GET", "/rest/V1/orders", (), None, 200, {"b": 1})) == ["answer b: no sample has it"]


def test_an_explanation_covers_what_it_names_and_one_that_covers_nothing_is_told() -> None:
    fault = Fault("shop", "own.json", "GET /a", "answer", "items.[].b", "is not documented")
    fitting = Explanation("shop", "why", route="GET *", place="items*", what="not documented")
    others = [
        Explanation("shop", "why", route="POST *"),
        Explanation("barn", "why"),
        Explanation("shop", "y", what="absent"),
    ]
    judged = Judgement.of([fault], [*others, fitting])
    assert judged.explained[fitting] == [fault]
    assert judged.unexplained == []
    assert judged.stale == others
    assert Judgement.of([fault], others[:2]).unexplained == [fault]


@pytest.mark.parametrize("system", [name for name in sorted(SYSTEMS) if getattr(harness_of(name), "speaks_http", True)])
async def test_every_system_that_is_called_over_http_has_traffic_to_check(system: str) -> None:
    calls = await traffic(system)
    assert calls
    assert all(call.status < 400 for call in calls)


def test_every_explanation_speaks_of_a_system_that_there_is() -> None:
    assert {one.system for one in explanations()} <= SYSTEMS.keys()


async def test_a_stock_file_is_walked_with_its_ticket_and_its_error_report() -> None:
    calls = await traffic("mirakl")
    sent = [call.request for call in calls if call.method == "POST" and call.path.endswith("/stock/imports")]
    assert [sorted(fields) for fields in sent] == [["file"], ["file"]], "a form is the mapping of its fields"
    assert sent[1]["file"].startswith('"offer-sku";"quantity"')
    assert '"NOBODY-OFFERS-IT";"7"' in sent[1]["file"]
    asked = [call.path.rsplit("/", 1)[1] for call in calls if "/stock/imports/" in call.path]
    assert asked == ["status", "status", "error_report"]
