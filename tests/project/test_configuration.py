"""Wrong configuration is refused with all its faults at once; .env.example names all that is read."""

import ast
import re
from pathlib import Path

import pytest

from connectors import registry
from connectors.http import Surroundings
from connectors.roles import PushesNews
from connectors.settings import PushSettings
from domain.installation import Side
from tasks.installations import WrongConfiguration, all_installations, issubclass_of
from tasks.run import open_connectors
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

ROOT = Path(__file__).resolve().parents[2]
GOOD = (ROOT / "deployments" / "installations" / "harbour.toml").read_text()
SEARCHED = ("connectors", "domain", "expectations", "flows", "ledger", "tasks")


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)
    return folder


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    two_faults = GOOD.replace("age_limit_minutes = 240", "age_limit_minutes = 1").replace(
        'mode = "trade", every_seconds = 60', 'mode = "sell", every_seconds = 60'
    )
    written(tmp_path, harbour=two_faults, broken="name = [", inlet=GOOD.replace('"magento"', '"sesame"'))
    (tmp_path / "accented.toml").write_bytes('name = "café"'.encode("latin-1"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(WrongConfiguration) as caught:
        all_installations(tmp_path)
    told = str(caught.value)
    assert "accented.toml: it is not TOML: 'utf-8' codec" in told
    assert "folder.toml: it cannot be read" in told
    assert "harbour.toml: stock.age_limit_minutes" in told
    assert "harbour.toml: loops.orders.mode" in told
    assert "broken.toml: it is not TOML" in told
    assert "inlet.toml: back_office.options.There is no connector for 'sesame'" in told
    assert "inlet.toml: name is 'harbour'" in told


def test_a_wrong_escalation_is_told_with_every_fault_of_it(tmp_path: Path) -> None:
    wrong = 'after_minutes = 1\nmentions = { operations = "@ops" }\nto = ["operations", "operations"]'
    written(tmp_path, harbour=re.sub(r"(?<=\[escalation\]\n)after.*\nto.*", wrong, GOOD))
    with pytest.raises(WrongConfiguration) as caught:
        all_installations(tmp_path)
    for key, fault in (("after_minutes", "greater than"), ("to", "named twice"), ("mentions.operations", "pattern")):
        assert re.search(rf"harbour.toml: escalation\.{key}: .*{fault}", str(caught.value)), key


def test_an_option_that_the_system_does_not_have_is_named(tmp_path: Path) -> None:
    written(tmp_path, harbour=GOOD.replace('website = "base"', 'web_site = "base"\npage_size = 0'))
    with pytest.raises(WrongConfiguration) as caught:
        all_installations(tmp_path)
    assert "web_site" in str(caught.value)
    assert "page_size" in str(caught.value)


def test_two_installations_may_not_share_an_account(tmp_path: Path) -> None:
    written(tmp_path, harbour=GOOD, inlet=GOOD.replace('name = "harbour"', 'name = "inlet"'))
    with pytest.raises(WrongConfiguration) as caught:
        all_installations(tmp_path)
    assert "account 'harbour-the-edge' of virtualstock belongs to harbour already" in str(caught.value)
    assert "account 'harbour-shop' of magento belongs to harbour already" in str(caught.value)


def test_a_system_in_a_part_that_it_cannot_play_is_refused_with_those_that_can(tmp_path: Path) -> None:
    turned = GOOD.replace('system = "virtualstock"', 'system = "cin7_core"').replace(
        "[marketplace.options]\ncalls_per_minute = 250\n", ""
    )
    written(tmp_path, harbour=turned)
    with pytest.raises(WrongConfiguration) as caught:
        all_installations(tmp_path)
    assert "cin7_core cannot play GivesSalesOrders as marketplace; those that can: mirakl, virtualstock" in str(
        caught.value
    )


def test_a_folder_without_installations_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(WrongConfiguration, match="there is no installation file"):
        all_installations(tmp_path)


def test_missing_secrets_of_both_sides_are_named_at_once_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HARBOUR_VIRTUALSTOCK_USERNAME", "HARBOUR_VIRTUALSTOCK_PASSWORD", "HARBOUR_MAGENTO_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARBOUR_MAGENTO_CONSUMER_KEY", "a-secret-value")
    harbour = all_installations(ROOT / "deployments" / "installations")["harbour"]
    with pytest.raises(ValueError, match="Set these variables") as caught:
        open_connectors(harbour, Surroundings(ManualClock(), OpenBudgets(), KeptArchive()))
    told = str(caught.value)
    for name in ("HARBOUR_VIRTUALSTOCK_USERNAME", "HARBOUR_VIRTUALSTOCK_PASSWORD", "HARBOUR_MAGENTO"):
        assert name in told
    assert "ACCESS_TOKEN is missing" in told
    assert "a-secret-value" not in told


def test_the_example_environment_names_every_variable_that_is_read() -> None:
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    read = wanted = read_from_environment()
    optional: dict[tuple[str, str], set[str]] = {}
    for name, installation in all_installations(ROOT / "deployments" / "installations").items():
        for side in Side:
            system = installation.endpoint(side).system
            fields = dict(registry.SYSTEMS[system].Settings.model_fields)
            fields |= PushSettings.model_fields if issubclass_of(registry.SYSTEMS[system], PushesNews) else {}
            for field, about in fields.items():
                variable = f"{name}_{system}_{field}".upper()
                read = read | {variable}
                if about.is_required():
                    wanted = wanted | {variable}
                else:
                    optional.setdefault((system, field), set()).add(variable)
    assert "LEDGER_URL" in read
    assert wanted <= named, f".env.example lacks {sorted(wanted - named)}"
    unnamed = [names for names in optional.values() if not names & named]
    assert not unnamed, f".env.example lacks one of each of {unnamed}"
    composed = re.findall(r"\$\{([A-Z_]+)", (ROOT / "deployments" / "compose.yaml").read_text())
    stale = named - read - {*composed, "PREFECT_API_URL", "DO_NOT_TRACK"}
    assert not stale, f"nothing reads {sorted(stale)}"


def read_from_environment() -> set[str]:
    """Return every name in capitals in the modules that ask os.environ, save what they only set."""
    names: set[str] = set()
    for path in (path for folder in SEARCHED for path in (ROOT / folder).rglob("*.py")):
        text = path.read_text()
        if "environ" in text:
            texts = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
            names |= {one for one in texts if isinstance(one, str) and re.fullmatch(r"[A-Z][A-Z0-9_]{9,}", one)}
            names -= set(re.findall(r'environ\.setdefault\("([A-Z_]+)"', text))
    return names
