"""A whole session as bytes, and how a peer goes on with it as its host.

What is saved is what a newcomer gets (a snapshot, the at-most-once table, the roster with its bans)
and the settings. Going on is a succession: a new reign begins after the saved position, all other
members are away, and each gets its seat back when it comes. If the session went on elsewhere in
the meantime, the two histories meet as any two do.

A file says what it is in its first line, which any later version can read, and bears a digest of
the rest. The roster in it is signed by the host that had it. The state of the game is not, so a
player who edits a file of its own game can cheat in what it hosts from it.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from .catchup import snapshot_of, take_missing
from .credentials import Credentials, Says, statement
from .errors import SaveError, SaveFault, SettingsError
from .frame_parts import Missing, Snapshot
from .session import Session
from .settings import Settings
from .values import SessionId, peer_id

VERSION: Final = 1

_MAGIC: Final = b"p2pnet session "
_DIGEST_BYTES: Final = 16


class Saved(msgspec.Struct, frozen=True, array_like=True):
    """All that a session is, at one position."""

    session: SessionId
    fingerprint: str  # of the game
    settings: Settings
    snapshot: Snapshot


_decoder = msgspec.msgpack.Decoder(Saved)


def save(session: Session) -> bytes:
    """The session as the bytes of a file. Nothing may be waiting to be ordered."""
    s = session
    assert s.id is not None
    body = msgspec.msgpack.encode(Saved(s.id, s.fingerprint, s.settings, snapshot_of(s)))
    return b"%s%d\n" % (_MAGIC, VERSION) + _digest(body) + body


def load(data: bytes, fingerprint: str, credentials: Credentials) -> Saved:
    """What a file holds, for this game and this peer. Raises `SaveError` for anything else."""
    if not data.startswith(_MAGIC):
        raise SaveError(SaveFault.NOT_A_SAVE, "this is not a session that p2pnet saved")
    head, _, rest = data.partition(b"\n")
    version = head[len(_MAGIC) :]
    if version.isdigit() and int(version) != VERSION:
        text = f"the file has version {int(version)}, this p2pnet reads version {VERSION}"
        raise SaveError(SaveFault.VERSION, text)
    digest, body = rest[:_DIGEST_BYTES], rest[_DIGEST_BYTES:]
    if not version.isdigit() or digest != _digest(body):
        raise SaveError(SaveFault.DAMAGED, "the file was cut short or changed; use a copy of it")
    try:
        saved = _decoder.decode(body)
    except (msgspec.DecodeError, SettingsError, ValueError, RecursionError) as error:
        raise SaveError(SaveFault.DAMAGED, f"the file holds no session: {error}") from error
    _check(saved, fingerprint, credentials)
    return saved


def _check(saved: Saved, fingerprint: str, credentials: Credentials) -> None:
    if saved.fingerprint != fingerprint:
        text = f"saved from the game {saved.fingerprint}, this is {fingerprint}"
        raise SaveError(SaveFault.GAME, f"{text}: another game, or another build of it")
    snapshot = saved.snapshot
    roster, proof = snapshot.roster, snapshot.roster_proof
    host = roster.get(proof.epoch.host)
    said = statement(saved.session, Says.ROSTER, (proof.epoch, roster.digest()))
    genuine = (
        [epoch for epoch, _ in snapshot.lineage[-1:]] == [snapshot.position.epoch]
        and host is not None
        and peer_id(host.key) == host.peer
        and credentials.verify(host.key, said, proof.signature)
    )
    if not genuine:
        raise SaveError(SaveFault.DAMAGED, "the list of members is not the one that was saved")
    member = roster.get(peer_id(credentials.public))
    if member is None or member.key != credentials.public:
        names = ", ".join(member.name for member in roster.members)
        text = f"this identity has no seat in the session; those who have one: {names}"
        raise SaveError(SaveFault.NO_SEAT, text)


def restore(session: Session, saved: Saved) -> None:
    """Take the saved session over: this peer stands where it was saved."""
    s = session
    s.set_settings(saved.settings)
    roster = take_missing(s, Missing(snapshot=saved.snapshot))
    s.set_roster(roster.relocate(s.me, s.addresses, s.nonce))


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
