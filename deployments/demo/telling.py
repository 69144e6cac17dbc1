"""What the demo prints: how far the day is, and the account at its end."""

from typing import Any

from ledger.figures import Figures

CLASSES = ("offered", "accepted", "held", "cancelled", "waiting", "lost", "duplicated")


def say(text: str, *, heading: bool = True) -> None:
    """Print a line at once."""
    print(f"== {text}" if heading else f"        {text}", flush=True)  # noqa: T201 - a command's output


def tell(progress: dict[str, Any], ours: dict[str, Figures]) -> None:
    """Print how far the day is."""
    classes = [one for figures in ours.values() for one in figures.orders.values()]
    dispatched = sum(one.counted.get("dispatch done", 0) for one in ours.values())
    alerts = sum(one.alerts_opened - one.alerts_closed for one in ours.values())
    print(  # noqa: T201
        f"{progress['now'][11:16]}   offered {progress['orders_offered']:5}   in back office "
        f"{classes.count('accepted'):5}   dispatched {dispatched:5}   held {classes.count('held'):3}   alerts open {alerts:3}",
        flush=True,
    )


def show(told: dict[str, Any], url: str) -> None:
    """Print the account."""
    say("The account of every order")
    print(f"  {'':10}" + "".join(f"{name:>12}" for name in CLASSES))  # noqa: T201
    for title, part in [*told["installations"].items(), ("total", told)]:
        print(f"  {title:10}" + "".join(f"{part[f'orders_{name}']:12}" for name in CLASSES))  # noqa: T201
    print(  # noqa: T201
        f"  dispatches shipped {told['dispatches_shipped']}, confirmed {told['dispatches_confirmed']}, held "
        f"{told['dispatches_held']}; stock changes {told['stock_changes']}; oversold units {told['oversold_units']}; "
        f"unknown outcomes {told['unknown_outcomes']}; worker killed {told['kills']} times; {told['seconds']:.0f} s"
    )
    print(f"  it {'adds up' if told['explained'] else 'DOES NOT ADD UP: see to_look_at'} (.demo/report.json)")  # noqa: T201
    say("What the day promised")
    for promise in told["promises"]:
        mark = "kept    " if promise["kept"] else "NOT KEPT"
        print(f"  {mark}  {promise['what']}: {promise['figure']} ({promise['wanted']})")  # noqa: T201
    broken = sum(not promise["kept"] for promise in told["promises"])
    print(f"  {f'{broken} NOT KEPT' if broken else 'all of it is kept'}")  # noqa: T201
    print(f"  Prefect UI: {url}", flush=True)  # noqa: T201
