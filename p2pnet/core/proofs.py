"""What has to be proved before anything is made of it.

Each check here is for a frame that could do harm in the wrong mouth. No honest peer sends what does
not hold, so it ends the link that it came on, is counted, and told to the application.
"""

from __future__ import annotations

from typing import NoReturn

from .credentials import Says
from .errors import RemoteProtocolError
from .mesh import LinkState
from .messages import Claim, Follow, Header, Reign, Yield
from .session import Session


def forged(session: Session, link: LinkState, text: str) -> NoReturn:
    """What came is signed, and the signature does not hold, or what it says can't be."""
    session.reject(link, text)
    raise RemoteProtocolError(text)


def check_reign(session: Session, link: LinkState, reign: Reign) -> None:
    """A reign counts with the signature of its host."""
    if not session.is_genuine(reign):
        forged(session, link, f"a header of epoch {reign.epoch} that its host did not sign")


def check_claim(session: Session, link: LinkState, claim: Claim) -> None:
    """A claim counts with the signature of whoever brings it."""
    check_reign(session, link, claim.reign)
    fields = claim.number, claim.reign.epoch, claim.position
    if not session.proves(link.key, claim.signature, Says.CLAIM, *fields):
        forged(session, link, "a claim that its claimant did not sign")


def check_header(session: Session, link: LinkState, header: Header) -> None:
    """A host speaks for its own reign only, and signs what it says of it."""
    check_reign(session, link, header.reign)
    if link.peer != header.reign.epoch.host:
        raise RemoteProtocolError("a host speaks for its own reign only")
    fields = header.reign.epoch, header.position, header.worked, header.lineage
    if not session.proves(header.reign.key, header.signature, Says.HEADER, *fields):
        forged(session, link, "the header of a merge is not signed by its host")


def check_yield(session: Session, link: LinkState, frame: Yield) -> None:
    """Nobody gives up a reign but its host."""
    if not session.proves(link.key, frame.signature, Says.YIELD, frame.epoch, frame.to):
        forged(session, link, "a yield that its host did not sign")


def check_oath(session: Session, link: LinkState, frame: Follow) -> None:
    """Each member swears for itself."""
    if not session.proves(link.key, frame.signature, Says.OATH, frame.epoch):
        forged(session, link, "an oath that its member did not sign")
