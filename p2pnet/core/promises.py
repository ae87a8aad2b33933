"""The words that a peer gives to claimants, and the numbers that it lets them use.

Each peer stands behind at most one claimant a number, and never goes back below a number for which
it gave its word. A number that was given to somebody is spent, whether a reign came of it or not:
nobody but that one can have it again. A number that this peer merely asked for itself is not: a
claim that was refused leaves no trace.

A claim may bear one number above the highest that is proved: by the signed header of a reign, or by
the signed claim of somebody else that spent a number. So nobody can fence a whole session with a
number out of thin air.
"""

from __future__ import annotations

import attrs

from .messages import Claim
from .values import Epoch, PeerId


@attrs.define
class Promises:
    """What one peer has promised, and what it knows of the promises of others."""

    to: PeerId | None = None  # who has our word; None when it is free
    claim: Claim | None = None  # … and for what
    spent: int = 0  # the highest number that we gave our word for …
    spent_on: PeerId | None = None  # … and whom we gave it to; None if we handed over under it
    evidence: Claim | None = None  # the highest claim of somebody else that we have seen

    def give(self, claimant: PeerId, claim: Claim) -> None:
        """Stand behind a claimant."""
        self.to, self.claim = claimant, claim
        self.spend(claim.number, claimant)
        self.learn(claim)

    def spend(self, number: int, on: PeerId | None = None) -> None:
        """A number is taken: somebody has our word for it, or we handed over under it."""
        if number > self.spent:
            self.spent, self.spent_on = number, on

    def is_free_for(self, claimant: PeerId, number: int) -> bool:
        """Whether this claimant can have our word for this number, or has had it already."""
        return number > self.spent or (number == self.spent and self.spent_on == claimant)

    def learn(self, claim: Claim) -> None:
        """Somebody claimed under this number, so the next one may be one higher."""
        if self.evidence is None or claim.number > self.evidence.number:
            self.evidence = claim

    def release(self) -> None:
        """Our word is free again."""
        self.to = self.claim = None

    def next_number(self, epoch: Epoch) -> int:
        """The number for a claim of our own, after the reign of this epoch."""
        known = 0 if self.evidence is None else self.evidence.number
        return max(epoch.number, known, self.spent) + 1

    def justifies(self, number: int, epoch: Epoch, shown: Claim | None) -> bool:
        """Whether a claim may bear this number.

        `epoch` is the highest that a signed header proves, `shown` the claim that came as evidence.
        """
        claims = (claim.number for claim in (self.evidence, shown) if claim is not None)
        return number <= max((epoch.number, *claims)) + 1
