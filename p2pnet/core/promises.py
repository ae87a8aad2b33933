"""The words that a peer gives to claimants, and the numbers that it lets them use.

Each peer stands behind at most one claimant a number, and never goes back below a number for which
it gave its word. A number that was given to somebody is spent, whether a reign came of it or not.

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

    number: int = 0  # the highest that we gave our word for
    to: PeerId | None = None  # who has it; None when it is free again
    spent: int = 0  # the highest that was given to somebody else
    evidence: Claim | None = None  # the highest claim of somebody else that we have seen

    def give(self, number: int, claimant: PeerId, claim: Claim | None = None) -> None:
        """Give our word. Without a claim it goes to ourselves, or to whom we hand over."""
        self.number, self.to = number, claimant
        if claim is not None:
            self.spent = max(self.spent, number)
            self.learn(claim)

    def spend(self, number: int) -> None:
        """A number is taken, though nobody claimed it: the host gave it away by handing over."""
        self.spent = max(self.spent, number)

    def learn(self, claim: Claim) -> None:
        """Somebody claimed under this number, so the next one may be one higher."""
        if self.evidence is None or claim.number > self.evidence.number:
            self.evidence = claim

    def release(self) -> None:
        """Our word is free again."""
        self.to = None

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
