"""Every exception and every reason of the library.

Three families, by who has to act on them:

* `LocalError`: you asked for something that can't be done. Change the calling code.
* `RemoteError`: another peer refused, or sent what can't be accepted.
* `LinkError`: the pipe between two peers broke, or never came up.

Reasons are enums, so that no caller ever compares text.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Final


class P2PNetError(Exception):
    """Root of all errors that p2pnet raises on purpose."""


# --- local: the calling code has to change -------------------------------------------------------


class LocalError(P2PNetError):
    """You misused p2pnet."""


class LocalProtocolError(LocalError):
    """The call does not fit the state that this peer is in."""


class AuthorityError(LocalError):
    """A synced field was written, or a command called, without authority over the object."""


class DeclarationError(LocalError, TypeError):
    """A networked class or a game is declared in a way that can't be replicated."""


class SyncTypeError(LocalError, TypeError):
    """A value does not fit the annotation of the synced field that it was written to."""


class SettingsError(LocalError, ValueError):
    """Two settings contradict one another, or one is out of its range."""


class InviteError(LocalError, ValueError):
    """The invite can't be read."""


class AddressError(LocalError, ValueError):
    """The text is not an address: it should be `host:port`, or `[host]:port` for IPv6."""


class OptionError(LocalError, TypeError):
    """An option is of the wrong type."""


class BookmarkError(LocalError, ValueError):
    """What should be a bookmark of a session is not one."""


class IdentityError(LocalError, ValueError):
    """What should be a peer's key is not one."""


class GameError(LocalError):
    """The game's own code raised inside p2pnet; `__cause__` is what it raised. This peer is out."""


class SaveFault(enum.StrEnum):
    """Why a saved session can't be gone on with."""

    NOT_A_SAVE = "not_a_save"  # the file is something else
    DAMAGED = "damaged"  # it was cut short, or changed
    VERSION = "version"  # saved by another version of p2pnet
    GAME = "game"  # of another game, or another build of it
    NO_SEAT = "no_seat"  # this peer has no seat in it


class SaveError(LocalError, ValueError):
    """A saved session can't be gone on with; `reason` says why. Nothing was started."""

    def __init__(self, reason: SaveFault, text: str) -> None:
        super().__init__(f"{reason.value}: {text}")
        self.reason = reason
        self.text = text


class EventsMissed(LocalError):
    """The reader of events fell so far behind that some were dropped."""


class TooManyInFlight(LocalError):
    """More commands wait for their results than `Settings.commands_in_flight_max` allows."""


class GameCodeError(LocalError):
    """Code of the game raised where p2pnet called it: a hook, a tick, a start, a client rpc.

    `errors` holds what it raised, in order. When an update or a snapshot was being taken in, the
    state was complete before the first of them ran, and all of them were run. A command that
    raises is not this: its caller gets `CommandFailed`.
    """

    def __init__(self, errors: Sequence[Exception]) -> None:
        super().__init__("; ".join(f"{type(error).__name__}: {error}" for error in errors))
        self.errors = tuple(errors)


# --- remote: another peer said no, or spoke nonsense ----------------------------------------------


class RemoteError(P2PNetError):
    """Another peer refused, or broke the protocol."""


class RemoteProtocolError(RemoteError):
    """A peer sent bytes that are not a frame, or a frame that is not its turn to send."""


class CommandRefusal(enum.StrEnum):
    """Why the host did not run a command."""

    NO_SUCH_OBJECT = "no_such_object"
    NO_SUCH_COMMAND = "no_such_command"
    NO_AUTHORITY = "no_authority"
    BAD_ARGUMENTS = "bad_arguments"
    LOCKED = "locked"  # the owner of the object keeps it from changing hands
    LETHAL = "lethal"  # it ended the host that ran it, and is not run again
    DECLINED = "declined"  # the game said no
    PAUSED = "paused"  # the game stands still while somebody is missing
    NO_HOST = "no_host"  # there is no host for the time being, and `Settings.while_down` is refuse


class CommandRefused(RemoteError):
    """The command was not run. `reason` says why, the text says what to change."""

    def __init__(self, reason: CommandRefusal, text: str = "") -> None:
        super().__init__(f"{reason.value}: {text}" if text else reason.value)
        self.reason = reason
        self.text = text


class CommandFailed(RemoteError):
    """The command ran on the host and raised. `error` names the exception, `text` its message."""

    def __init__(self, error: str, text: str = "") -> None:
        super().__init__(f"the command raised {error} on the host: {text}")
        self.error = error
        self.text = text


class CommandLost(RemoteError):
    """The session ended for this peer before the outcome of the command was known."""


class EndReason(enum.StrEnum):
    """Why a peer is no longer in the session, or is away from it."""

    LEFT = "left"  # it left on purpose, for good
    AWAY = "away"  # it left on purpose, and its seat is kept for a while
    SESSION_ENDED = "session_ended"  # the host ended the session for all
    HOST_LOST = "host_lost"  # the host is gone, and no migration follows
    KICKED = "kicked"  # removed by the host, and never let in again
    DISCONNECTED = "disconnected"  # removed by the host; it may join again
    INACTIVE = "inactive"  # it called no command for Settings.disconnect_inactive_timeout_us
    DENIED = "denied"  # the host did not want it
    FULL = "full"  # all seats are taken
    INCOMPATIBLE = "incompatible"  # another version of p2pnet, or another build of the game
    TIMED_OUT = "timed_out"  # no answer, or silence, for too long
    UNREACHABLE = "unreachable"  # the link broke, or never came up
    SEAT_EXPIRED = "seat_expired"  # it stayed away for longer than Settings.seat_us
    REPLACED = "replaced"  # logged in again: another process with the same key took its seat
    CRASHED = "crashed"  # its own game code raised


ADVICE: Final[Mapping[EndReason, str]] = {
    EndReason.SESSION_ENDED: "the host has ended the session for all",
    EndReason.HOST_LOST: "the session has ended with its host",
    EndReason.KICKED: "the host removed you, and does not let you in again",
    EndReason.DISCONNECTED: "the host disconnected you; you may join again",
    EndReason.INACTIVE: "you did nothing for too long; you may join again",
    EndReason.DENIED: "the host does not let you in",
    EndReason.FULL: "all seats are taken; try again when somebody has left",
    EndReason.INCOMPATIBLE: "the host plays another version; use the same build",
    EndReason.TIMED_OUT: "the host did not answer in time; try again",
    EndReason.UNREACHABLE: "the host can't be reached; try again",
    EndReason.SEAT_EXPIRED: "you were away for too long, and your seat was given up; join again",
    EndReason.REPLACED: "the same identity was used to join from elsewhere",
    EndReason.CRASHED: "the code of the game raised an error",
}
"""What an end means to whom it concerns, and what to do: its text where nobody gave another."""


class DenyReason(enum.StrEnum):
    """Why the host did not let a peer join."""

    VERSION = "version"  # another version of p2pnet
    GAME = "game"  # another game, or another build of it
    SESSION = "session"  # the invite is for another session
    FULL = "full"
    BANNED = "banned"
    APPROVAL = "approval"  # the game on the host said no, or nothing in time
    AUTHENTICATION = "authentication"  # not what the host's authenticator wants to see
    IDENTITY = "identity"  # not the peer that it says it is


END_OF_DENIAL: Final[Mapping[DenyReason, EndReason]] = {
    DenyReason.VERSION: EndReason.INCOMPATIBLE,
    DenyReason.GAME: EndReason.INCOMPATIBLE,
    DenyReason.SESSION: EndReason.DENIED,
    DenyReason.FULL: EndReason.FULL,
    DenyReason.BANNED: EndReason.KICKED,
    DenyReason.APPROVAL: EndReason.DENIED,
    DenyReason.AUTHENTICATION: EndReason.DENIED,
    DenyReason.IDENTITY: EndReason.DENIED,
}
"""How it ends for a newcomer that is denied."""


class RefuseReason(enum.StrEnum):
    """Why somebody does not stand behind a claim to the host role."""

    PROMISED = "promised"  # another claimant has my word
    RANK = "rank"  # a better-ranked member lives, and has not had its time yet
    NUMBER = "number"  # the number is higher than anything that was proved
    ALIVE = "alive"  # the host answered me after your claim came
    NEWER = "newer"  # there is a newer reign already
    UNABLE = "unable"  # you said when you joined that you can't host


class Denied(RemoteError):
    """The host refused the join. Trying again changes nothing."""

    def __init__(self, reason: DenyReason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text

    @property
    def end(self) -> EndReason:
        """The same as an end of the session."""
        return END_OF_DENIAL[self.reason]


class SessionOver(RemoteError):
    """The session is over for this peer."""

    def __init__(self, reason: EndReason, text: str = "") -> None:
        super().__init__(f"{reason.value}: {text}" if text else reason.value)
        self.reason = reason
        self.text = text


# --- link: the pipe broke -------------------------------------------------------------------------


class LinkError(P2PNetError):
    """A pipe between two peers broke, or never came up."""


class LinkEnd(enum.StrEnum):
    """Why a link ended, or why a dial gave none."""

    CLOSED = "closed"  # the other side closed it in order
    BROKEN = "broken"  # it broke without a good-bye: a reset, or end of file in the middle
    REFUSED = "refused"  # nobody listens at that address
    UNREACHABLE = "unreachable"  # no route, no such name, or no answer in time
    NOT_P2PNET = "not_p2pnet"  # somebody answered, but not in our protocol
    OVERSIZE = "oversize"  # a frame above Settings.frame_bytes_max
    SLOW = "slow"  # the other side does not read what we send


class LinkDown(LinkError):
    """The link is gone."""

    def __init__(self, end: LinkEnd, text: str = "") -> None:
        super().__init__(f"{end.value}: {text}" if text else end.value)
        self.end = end
        self.text = text


class HostUnreachable(LinkError):
    """None of the addresses in the invite led to the session. `reason` says what went wrong."""

    def __init__(self, text: str = "", reason: EndReason = EndReason.UNREACHABLE) -> None:
        super().__init__(text)
        self.reason = reason


class PortTaken(LinkError):
    """Another program listens on that port."""


class ListenFailed(LinkError):
    """The address can't be listened on: not one of this machine's, or not allowed."""
