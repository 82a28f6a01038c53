"""How often contents were seen, in about eight bytes for each."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

_PARTS = 4096  # a power of two: twelve bits of a digest choose the part


class Occurrences:
    """A multiset of digests.

    Python's own sets take about 100 bytes for a digest; a file of five million rows would need half a gigabyte. Here
    digests are spread over sorted arrays of their 64 following bits, so that 76 bits tell contents apart: among five
    million, two that are taken for one have a chance of one to six billion.
    """

    def __init__(self) -> None:
        self._parts = [array("Q") for _ in range(_PARTS)]

    def add(self, digest: bytes) -> int:
        """Add a digest of at least ten bytes. Return how often it was added, this time included."""
        part = self._parts[(digest[0] << 4) | (digest[1] >> 4)]
        key = int.from_bytes(digest[2:10], "big")
        end = bisect_right(part, key)
        part.insert(end, key)
        if end and part[end - 1] == key:
            return end - bisect_left(part, key, 0, end) + 1
        return 1

    def __contains__(self, digest: bytes) -> bool:
        part = self._parts[(digest[0] << 4) | (digest[1] >> 4)]
        key = int.from_bytes(digest[2:10], "big")
        place = bisect_left(part, key)
        return place < len(part) and part[place] == key

    def __len__(self) -> int:
        return sum(map(len, self._parts))
