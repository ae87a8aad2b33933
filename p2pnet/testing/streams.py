"""Independent streams of random numbers from one seed.

Each purpose has a stream of its own, drawn from a hash of the seed and the purpose. So a draw more
for one purpose never moves what is drawn for another: a scenario with one command more has the same
faults, and a message more from one peer leaves the delays of all others as they were.
"""

from __future__ import annotations

import hashlib
import random


def stream(seed: int, *purpose: str | int) -> random.Random:
    """The generator for one purpose, such as `stream(7, "delay", 0, 1)`."""
    text = "/".join(map(str, (seed, *purpose)))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(digest, "big"))
