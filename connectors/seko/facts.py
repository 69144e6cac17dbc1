"""What we rely on at SEKO without being sure of it. Little of it can be seen by reading: most comes with the first order."""

from collections.abc import Sequence

from connectors.facts import Fact, Seen, Sure
from connectors.seko.api import Hub, HubFailure

_ASK = "Ask SEKO's integration team."


def facts(legacy: Hub | None) -> Sequence[Fact]:
    """Return the open and inferred facts of the README, with a look where a read can tell."""

    async def legacy_reads() -> Seen:
        if legacy is None:
            return Seen("the option legacy_reads is off")
        try:
            await legacy.read("/echo/v1/check.json")
        except HubFailure as failure:
            return Seen(f"the legacy hub refuses ({failure})", holds=False)
        return Seen("the legacy hub answers", holds=True)

    return (
        Fact("This client's token may read the legacy hub", Sure.ASSUMED, legacy_reads),
        Fact("The stock that is read is free: allocated units are excluded", Sure.ASSUMED, ask=_ASK),
        Fact(
            "The lines of a pushed dispatch have the names that we read",
            Sure.ASSUMED,
            ask="Ask for a sample of a push.",
        ),
        Fact("A push counts as taken by our answer", Sure.ASSUMED, ask=_ASK),
        Fact("Pushes are set up, and go to the secret address", Sure.ASSUMED, ask=_ASK),
        Fact("A number that was used once is refused in words that we know", Sure.ASSUMED, ask=_ASK),
        Fact("A refused order does not use its number up", Sure.ASSUMED, ask=_ASK),
    )
