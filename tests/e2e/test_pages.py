"""The Prefect pages that operations and support use, opened in a real browser."""

import json
import os
import shutil
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.conftest import Stack

BROWSERS = ("chromium", "google-chrome", "chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        message = "THE BROWSER TESTS DID NOT RUN: there is no chromium; install it (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("browser"),
            executable_path=browser,
            args=list(FLAGS),
            viewport={"width": 1400, "height": 1000},
        )
        shown = context.pages[0]
        shown.set_default_timeout(PATIENCE_MS)
        yield shown
        context.close()


@pytest.fixture(scope="module")
def finished(stack: Stack) -> dict[str, object]:
    """Return a run that took one order."""
    [reference] = stack.world.buy("harbour", 1)
    stack.run("items-harbour")
    runs = stack.run_until("orders-harbour", lambda: reference in stack.world.acknowledged("harbour"))
    return {**runs[-1], "reference": reference}


def test_the_run_page_shows_what_became_of_the_run(stack: Stack, page: Page, finished: dict[str, object]) -> None:
    page.goto(f"{stack.orchestrator.url}/flow-runs/flow-run/{finished['id']}")
    expect(page.get_by_text("orders-harbour").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Completed").first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_text("Task Runs", exact=True).first.click()
    for step in ("confirm", "pull", "push"):
        expect(page.get_by_text(step).first).to_be_visible(timeout=PATIENCE_MS)


def test_the_artifact_names_the_order(stack: Stack, page: Page, finished: dict[str, object]) -> None:
    wanted = {"artifacts": {"flow_run_id": {"any_": [finished["id"]]}, "key": {"any_": ["orders-harbour"]}}}
    [artifact] = stack.orchestrator.ask("POST", "/artifacts/filter", wanted)
    page.goto(f"{stack.orchestrator.url}/artifacts/artifact/{artifact['id']}")
    expect(page.get_by_text(str(finished["reference"])).first).to_be_visible(timeout=PATIENCE_MS)


def test_the_link_of_an_alert_opens_the_form_filled_in(stack: Stack, page: Page) -> None:
    deployments = stack.orchestrator.ask("POST", "/deployments/filter", {})
    release = next(one["id"] for one in deployments if one["name"] == "release")
    parameters = {"installation": "harbour", "cause": 4711, "reason": "filled in by a link"}
    link = f"/deployments/deployment/{release}/run?parameters={quote(json.dumps(parameters))}"
    page.goto(f"{stack.orchestrator.url}{link}")
    expect(page.get_by_text("Only show what would be released.").first).to_be_visible(timeout=PATIENCE_MS)
    shown = page.eval_on_selector_all(
        "input, textarea, .cm-content", "all => all.map(one => one.value || one.innerText)"
    )
    assert "harbour" in " ".join(shown)
    assert "4711" in " ".join(shown)
    assert "filled in by a link" in " ".join(shown)
