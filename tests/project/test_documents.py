"""What the documents promise exists: commands, and a page for everything that a person can be called for."""

import re
import subprocess
from pathlib import Path

import pytest

from domain.holds import HOLD_TYPES, TROUBLES

ROOT = Path(__file__).resolve().parents[2]
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert re.search(r"^\s*make demo\b", readme, re.MULTILINE)
    assert re.search(r"^\s*make test\b", readme, re.MULTILINE)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_every_make_command_of_a_document_exists(document: str) -> None:
    commands = set(re.findall(r"\bmake ([a-z][a-z-]*)(?=[ `\n]|$)", (ROOT / document).read_text()))
    commands -= {"sure", "it", "a", "the"}
    assert commands
    assert commands <= TARGETS


@pytest.mark.parametrize("name", sorted({**HOLD_TYPES, **TROUBLES}))
def test_every_hold_type_and_trouble_has_a_page_in_the_runbook(name: str) -> None:
    headings = re.findall(r"^#+ .*$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert any(re.search(rf"\b{name}\b", heading) for heading in headings)


def test_ci_runs_the_tests_without_input() -> None:
    text = (ROOT / ".ci" / "run").read_text()
    assert "make test" in text
    assert "</dev/null" in text
    mode = subprocess.run(
        ["git", "ls-files", "--stage", ".ci/run"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert mode.stdout.startswith("100755")
