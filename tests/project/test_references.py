"""What the documents point at exists, and what a person may set or be called for is in them."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from connectors.registry import SYSTEMS
from domain.holds import TROUBLES
from domain.installation import (
    CarrierMapping,
    Endpoint,
    Installation,
    Loops,
    LoopSettings,
    Orders,
    Retention,
    StockPolicy,
)
from ledger.schema import METADATA

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
PLACES = re.compile(
    r"`((?:tests|tasks|flows|ledger|domain|connectors|expectations|sandbox|deployments|docs)/[\w./-]+)`"
)


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def broken(document: Path) -> list[str]:
    text = document.read_text()
    found = [place for place in PLACES.findall(text) if not (ROOT / place).exists()]
    for link in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if link.startswith(("http://", "https://")):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            found.append(link)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_every_file_that_a_document_names_exists(document: Path) -> None:
    assert not broken(document)


def test_a_broken_link_anchor_and_file_are_noticed(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("# Here\n[a](nowhere.md) [b](#there) [c](#here) `tasks/nothing.py` `tasks/push.py`\n")
    assert sorted(broken(document)) == ["#there", "nowhere.md", "tasks/nothing.py"]


@pytest.mark.parametrize(
    "model",
    [Installation, Endpoint, Loops, LoopSettings, StockPolicy, Orders, Retention, CarrierMapping],
    ids=lambda m: m.__name__,
)
def test_every_key_of_an_installation_file_is_described(model: type[BaseModel]) -> None:
    undescribed = [name for name in model.model_fields if not re.search(rf"[`\[]{name}[`\]]", CONFIGURATION)]
    assert not undescribed


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_every_option_and_variable_of_a_system_is_described(system: str) -> None:
    part = CONFIGURATION.split(f"\n### {system}")[1].split("\n#")[0]
    assert [name for name in SYSTEMS[system].Options.model_fields if f"| `{name}` |" not in part] == []
    variables = CONFIGURATION.split("### Of each account")[1].split("\n#")[0]
    assert [name for name in SYSTEMS[system].Settings.model_fields if f"`{name.upper()}`" not in variables] == []


def test_every_variable_of_the_example_environment_is_described() -> None:
    example = (ROOT / ".env.example").read_text()
    ours = {file.stem.upper() for file in (ROOT / "deployments" / "installations").glob("*.toml")}
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    general = {name for name in named if name.split("_")[0] not in ours}
    assert {name for name in general if f"`{name}`" not in CONFIGURATION} == set()


@pytest.mark.parametrize("name", sorted(TROUBLES))
def test_every_trouble_has_a_page_in_the_runbook(name: str) -> None:
    assert name in anchors((ROOT / "docs" / "runbook.md").read_text())


def test_every_table_of_the_ledger_is_described() -> None:
    architecture = (ROOT / "docs" / "architecture.md").read_text()
    tables = set(METADATA.tables)
    assert tables
    assert {name for name in tables if f"`{name}`" not in architecture} == set()
