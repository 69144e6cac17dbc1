"""Which of a million rows a scan has met: one bit each."""

from collections.abc import Iterable, Sequence


class Seen:
    """A set of row ids that stays small: a bit for each up to the largest."""

    __slots__ = ("bits",)

    def __init__(self, bits: bytes = b"") -> None:
        self.bits = bytearray(bits)

    def add(self, ids: Sequence[int]) -> None:
        """Add ids."""
        if not ids:
            return
        bits = self.bits
        missing = (max(ids) >> 3) + 1 - len(bits)
        if missing > 0:
            bits.extend(bytes(missing))
        for row_id in ids:  # a million times a scan
            bits[row_id >> 3] |= 1 << (row_id & 7)

    def among(self, ids: Iterable[int]) -> list[int]:
        """Return which of these ids were added."""
        bits, end = self.bits, len(self.bits) << 3
        return [row_id for row_id in ids if row_id < end and bits[row_id >> 3] >> (row_id & 7) & 1]

    def __contains__(self, row_id: int) -> bool:
        return bool(self.among((row_id,)))

    def count(self, first: int = 0, last: int | None = None) -> int:
        """Return how many ids there are from `first` to `last`, both multiples of eight (None: to the end)."""
        part = self.bits[first >> 3 : None if last is None else last >> 3]
        return int.from_bytes(part, "little").bit_count()
