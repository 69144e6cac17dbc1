"""A Prefect server on SQLite that does not stand still: `python -m flows.server` takes the options of `prefect server start`.

The collector may free a cursor of a connection that is just waiting for the database's write lock, and then waits for that
connection. Where it does so in the event loop's thread, whoever holds the lock cannot go on, and everything stands still until
SQLite gives up after a minute. So another thread collects here. A server on PostgreSQL has no need of this.
"""

import gc
import sys
import threading

_COLLECTS_SECONDS = 10.0  # a whole collection stops the server for a seventh of a second


def collect_elsewhere(ends: threading.Event, every_seconds: float = _COLLECTS_SECONDS) -> threading.Thread:
    """Let a thread of its own, and no other, collect garbage from now on, until `ends` is set."""
    gc.disable()

    def collect() -> None:
        while not ends.wait(every_seconds):
            gc.collect()

    collector = threading.Thread(target=collect, name="collector", daemon=True)
    collector.start()
    return collector


def main() -> None:
    """Start the server in this process."""
    from prefect.cli import app  # here, as the tests import only what collects

    collect_elsewhere(threading.Event())
    sys.argv = ["prefect", "server", "start", *sys.argv[1:]]
    app()


if __name__ == "__main__":
    main()
