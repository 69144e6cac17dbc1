"""`python -m flows.automations`: write to Prefect's server what it watches without a worker. `make deploy` calls it."""

import asyncio

from tasks.automations import write_automations


def main() -> None:
    """Write it and say so."""
    print(asyncio.run(write_automations()))  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
