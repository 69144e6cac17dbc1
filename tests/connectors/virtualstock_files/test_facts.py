"""What a look at the folders of an account says."""

from connectors.facts import Seen
from connectors.roles import GivesSalesOrders
from tests.contract.joint import Joint
from tests.directory import Directory


async def looked(joint: Joint, words: str) -> Seen:
    [fact] = [fact for fact in joint.connector.facts() if words in fact.statement]
    seen = await fact.look()
    assert isinstance(seen, Seen)
    return seen


async def test_the_form_of_an_order_file_is_looked_at() -> None:
    joint = Joint.of("virtualstock_files")
    assert (await looked(joint, "five parts")).holds is None
    await joint.harness.feeds[GivesSalesOrders].show(1)
    assert (await looked(joint, "five parts")).holds is True


async def test_another_form_is_said() -> None:
    joint = Joint.of("virtualstock_files")
    files = getattr(joint.harness, "files", None)
    assert isinstance(files, Directory)
    incoming = files.root / "live" / "incoming"
    (incoming / "order-0.txt").write_text("something else", "utf-8")
    (incoming / "order-0.txt.DONE").touch()
    assert (await looked(joint, "five parts")).holds is False
