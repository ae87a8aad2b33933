"""What has to be proved before anything is made of it.

Each check here is for a frame that could do harm in the wrong mouth. No honest peer sends what does
not hold, so it ends the link that it came on, is counted, and told to the application.
"""

from __future__ import annotations

from typing import Final, NoReturn

from .credentials import Says
from .errors import RemoteProtocolError
from .link_state import LinkState
from .messages import Claim, Follow, Header, Reign, Yield
from .session import Session
from .values import Position

NUMBERS_AHEAD_MAX: Final = 10_000
"""So many nobody misses: seats are given up long before, and those who are too few for a reign, and
take turns to claim it all the same, spend one or two a second only while their links to the others
last."""


def forged(session: Session, link: LinkState, text: str) -> NoReturn:
    """What came is signed, and the signature does not hold, or what it says can't be."""
    session.reject(link, text)
    raise RemoteProtocolError(text)


def check_reign(session: Session, link: LinkState, reign: Reign) -> None:
    """A reign counts with the signature of its host, and under a number that can be."""
    if not session.is_genuine(reign):
        forged(session, link, f"a header of epoch {reign.epoch} that its host did not sign")
    check_number(session, link, reign.epoch.number)


def check_number(session: Session, link: LinkState, number: int) -> None:
    """Numbers go up by one, so nobody can have missed very many of them."""
    if not _is_possible(session, number):
        forged(session, link, f"the number {number} of a reign, which nothing leads up to")


def _is_possible(session: Session, number: int) -> bool:
    return session.epoch is None or number <= session.epoch.number + NUMBERS_AHEAD_MAX


def is_evidence(session: Session, claim: Claim) -> bool:
    """Whether somebody has signed that it spent this number, after a reign that its host signed.

    That one may have no seat, or none that this peer knows of: what binds whoever stood behind it
    is the word that it gave. All of them may be gone but the one that shows it.
    """
    if not _is_possible(session, claim.number) or not session.is_genuine(claim.reign):
        return False
    fields = claim.number, claim.reign.epoch, claim.position
    return session.proves(claim.key, claim.signature, Says.CLAIM, *fields)


def check_claim(session: Session, link: LinkState, claim: Claim) -> None:
    """A claim counts with the signature of whoever brings it.

    It has to name the very key: whoever stands behind it shows it to others, who know no link.
    """
    check_reign(session, link, claim.reign)
    fields = claim.number, claim.reign.epoch, claim.position
    proved = session.proves(link.key, claim.signature, Says.CLAIM, *fields)
    if claim.key != link.key or not proved:
        forged(session, link, "a claim that its claimant did not sign")


def check_header(session: Session, link: LinkState, header: Header) -> None:
    """A host speaks for its own reign only, and signs what it says of it."""
    check_reign(session, link, header.reign)
    if link.peer != header.reign.epoch.host:
        raise RemoteProtocolError("a host speaks for its own reign only")
    fields = header.reign.epoch, header.position, header.worked, header.lineage
    if not session.proves(header.reign.key, header.signature, Says.HEADER, *fields):
        forged(session, link, "the header of a merge is not signed by its host")
    if not _is_coherent(header):
        forged(session, link, "the header of a merge contradicts itself")
    if _reach_of(session, header) > session.history.seq:
        forged(session, link, "a branch that has more of our reign than there ever was")
    for oath in header.oaths:
        if not session.proves(oath.key, oath.signature, Says.OATH, oath.epoch):
            forged(session, link, "a host counts an oath that its member did not sign")


def _is_coherent(header: Header) -> bool:
    """Whether lineage, position and parent tell one story."""
    reign, here, lineage = header.reign, header.position, header.lineage
    epochs = [epoch for epoch, _ in lineage]
    bases = [base for _, base in lineage] + [here.seq]
    if not lineage or epochs[-1] != reign.epoch or here.epoch != reign.epoch:
        return False
    if epochs != sorted(set(epochs)) or bases != sorted(bases):
        return False
    if reign.parent is None or len(lineage) == 1:
        return True
    return reign.parent == Position(epochs[-2], bases[-2])


def _reach_of(session: Session, header: Header) -> int:
    """How far a branch says that it followed the reign of this host; 0 if it did not."""
    if session.host != session.me:
        return 0
    ends = [base for _, base in header.lineage[1:]] + [header.position.seq]
    reigns = zip(header.lineage, ends, strict=True)
    return max((end for (epoch, _), end in reigns if epoch == session.epoch), default=0)


def check_yield(session: Session, link: LinkState, frame: Yield) -> None:
    """Nobody gives up a reign but its host."""
    check_number(session, link, frame.epoch.number)
    if not session.proves(link.key, frame.signature, Says.YIELD, frame.epoch, frame.to):
        forged(session, link, "a yield that its host did not sign")


def check_oath(session: Session, link: LinkState, frame: Follow) -> None:
    """Each member swears for itself."""
    if not session.proves(link.key, frame.signature, Says.OATH, frame.epoch):
        forged(session, link, "an oath that its member did not sign")
