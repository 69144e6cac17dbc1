"""What a run did, for its artifact: the first of it line by line, and the rest by count."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_LINES = 1000


@dataclass(frozen=True, slots=True)
class News:
    """One line of what a run did: no personal data."""

    order_key: str
    kind: str
    key: str
    what: str
    detail: str = ""


class Told:
    """The news of a run. A slice may bring a hundred thousand lines: the first stay here, and of all how many there were."""

    def __init__(self) -> None:
        self.lines: list[News] = []
        self.counts: Counter[tuple[str, str]] = Counter()
        self._pending: list[News] | None = None

    def __len__(self) -> int:
        return self.counts.total()

    @property
    def more(self) -> Counter[tuple[str, str]]:
        """Return how many of each kind, and of what happened to it, there are beyond the lines."""
        return self.counts - Counter((news.kind, news.what) for news in self.lines)

    def add(self, news: News) -> None:
        """Note one line."""
        if self._pending is not None:
            self._pending.append(news)
            return
        self.counts[news.kind, news.what] += 1
        if len(self.lines) < MOST_LINES:
            self.lines.append(news)

    @contextmanager
    def if_done(self) -> Iterator[list[News]]:
        """Yield the list of what is told meanwhile. Where it breaks off, nothing of it happened."""
        assert self._pending is None  # noqa: S101 - two at once would mix their news
        pending = self._pending = []
        try:
            yield pending
        finally:
            self._pending = None
        for news in pending:
            self.add(news)
