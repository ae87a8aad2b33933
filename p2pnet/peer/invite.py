"""The line of text with which others find a session: where its host is, and who it is.

It carries the id of the host, a hash of its key, so the first link is already to the right peer.
The form is `p2pnet:` and base64url of: version (1 byte), length of the body (2 bytes), the body
(MessagePack), checksum (4 bytes). A person may have copied the line by hand, so every way in which
that goes wrong has its own answer.
"""

from __future__ import annotations

import binascii
import hashlib
import struct
from base64 import b64decode, urlsafe_b64encode
from typing import Annotated, Final

import attrs
import msgspec

from ..core.errors import InviteError
from ..core.values import PeerId, SessionId

_PREFIX: Final = "p2pnet:"
_VERSION: Final = 1
_HEAD: Final = struct.Struct(">BH")
_CHECKSUM_BYTES: Final = 4
_CHARACTERS_MAX: Final = 8_192  # far above any honest invite
# What chats, mails and shells put around a line; the numbers are typographic quotes.
_AROUND: Final = "'\"`<>()[].,;\u00ab\u00bb\u2018\u2019\u201c\u201d\u201e"

_Id = Annotated[str, msgspec.Meta(pattern="^[a-z2-7]{16}$")]


class _Body(msgspec.Struct, frozen=True, array_like=True):
    session: _Id
    host: _Id
    addresses: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


@attrs.frozen
class Invite:
    """Enough to join a session. `str(invite)` gives the line of text."""

    session: SessionId
    host: PeerId
    addresses: tuple[str, ...]
    """`host:port` each, tried side by side."""

    @property
    def members(self) -> tuple[tuple[PeerId, tuple[str, ...]], ...]:
        """Whom to ask for a seat, and where each listens."""
        return ((self.host, self.addresses),)

    def __str__(self) -> str:
        body = msgspec.msgpack.encode(_Body(self.session, self.host, self.addresses))
        data = _HEAD.pack(_VERSION, len(body)) + body
        text = urlsafe_b64encode(data + _checksum(data)).decode("ascii")
        return _PREFIX + text.rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Invite:
        """Read an invite. White space and quotes around it do not matter, nor do line breaks.

        Raises InviteError, which says what to do.
        """
        if not isinstance(text, str):
            raise InviteError(f"an invite to be read is a text, not {text!r}")
        data = _bytes_of(text)
        version, length = _HEAD.unpack_from(data)
        missing = _HEAD.size + length + _CHECKSUM_BYTES - len(data)
        if version == _VERSION and missing > 0:
            raise InviteError("the invite is cut off at its end: copy the whole line")
        if version == _VERSION and missing < 0:
            raise InviteError("something follows the invite: copy that line alone")
        if _checksum(data[:-_CHECKSUM_BYTES]) != data[-_CHECKSUM_BYTES:]:
            raise InviteError("the invite has a typing error: copy and paste it once more")
        if version != _VERSION:
            raise InviteError(
                f"the invite is of form {version} and this p2pnet reads form {_VERSION}: "
                "all players need the same version of the game"
            )
        try:
            body = msgspec.msgpack.decode(data[_HEAD.size : -_CHECKSUM_BYTES], type=_Body)
        except msgspec.DecodeError as error:
            raise InviteError(f"the invite makes no sense ({error}): ask for a new one") from error
        return cls(SessionId(body.session), PeerId(body.host), body.addresses)


def _bytes_of(text: str) -> bytes:
    """The bytes behind the prefix; at least a head and a checksum."""
    bare = "".join(text.split()).strip(_AROUND)
    if not bare:
        raise InviteError("the invite is empty: paste the line that the host's game shows")
    if bare[: len(_PREFIX)].lower() != _PREFIX:
        raise InviteError(f"this is not an invite: an invite begins with {_PREFIX!r}")
    digits = bare[len(_PREFIX) :]
    if len(digits) > _CHARACTERS_MAX:
        raise InviteError("this is far too long for an invite: copy that one line alone")
    try:
        padded = digits + "=" * (-len(digits) % 4)
        data = b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except UnicodeEncodeError:
        raise InviteError("the invite has letters that no invite has: copy it once more") from None
    except binascii.Error:
        if len(digits) % 4 == 1:
            raise InviteError("the invite is cut off or has a letter too many") from None
        raise InviteError("the invite has signs that no invite has: copy it once more") from None
    if len(data) < _HEAD.size + _CHECKSUM_BYTES:
        raise InviteError("the invite is cut off at its end: copy the whole line")
    return data


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_CHECKSUM_BYTES).digest()
