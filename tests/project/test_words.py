"""What may not be written, and where: vendors above the connectors, machines and package indexes anywhere."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDORS = re.compile(
    r"(?i:virtual ?stock|magento|cin7|deposco|\bseko\b|mirakl)|\bThe Edge\b|\bFulfil\b",
)
ABOVE = ("domain", "ledger", "tasks", "flows", "expectations")
PLACES = re.compile("|".join(("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]", r"\.\./sha" + "red")))
INDEXES = re.compile(
    "|".join(("pypi" + r"\.org", "python" + "hosted", r"(?<!emit-)index" + r"-url[ =]+\S", "/simp" + "le/"))
)
BINARY = {".png", ".jpg", ".gif", ".sqlite"}
EMPTY_NAMES = {"utils", "common", "helpers", "manager", "service", "base", "core", "misc"}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("package", ABOVE)
def test_no_vendor_is_named_above_the_connectors(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if VENDORS.search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("line", ["the Magento shop", "# as Virtualstock does", "The Edge says", "cin7_core", "Fulfil"])
def test_the_search_for_vendors_finds_them(line: str) -> None:
    assert VENDORS.search(line)


@pytest.mark.parametrize("line", ["a line is fulfilled", "fulfilment", "the edge of a page"])
def test_the_search_for_vendors_spares_plain_words(line: str) -> None:
    assert not VENDORS.search(line)


def test_no_tracked_file_names_a_machines_folder_or_a_package_index() -> None:
    found = []
    files = tracked()
    assert len(files) > 100
    for path in files:
        if path.suffix in BINARY or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1):
            if PLACES.search(line) or INDEXES.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


def test_the_lock_pins_and_hashes_everything_and_holds_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(entries) > 100
    assert all("==" in line for line in entries)
    assert text.count("--hash=sha256:") >= len(entries)
    assert "://" not in text


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = [path for path in tracked() if path.suffix == ".py" and path.stem in EMPTY_NAMES]
    assert not names
