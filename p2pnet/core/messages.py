"""The whole wire vocabulary: one frozen class a frame.

A frame is a MessagePack array whose first element says which one it is. Frames that speak for a
reign carry its epoch, and whoever has a newer one answers them with `Fenced` and nothing else.
"""

from __future__ import annotations

from typing import Final

import msgspec

from .errors import DenyReason, EndReason, RefuseReason
from .frame_parts import Channel, Executed, Missing, Oath, RosterProof
from .history import Lineage
from .roster import Roster
from .settings import Settings
from .values import ConnectionId, Count, Epoch, PeerId, Position, SessionId

PROTOCOL_VERSION: Final = 1


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """Root of all frames."""


# --- acquaintance: the first frame on each link, both ways ----------------------------------------


class Hello(Frame, frozen=True, tag=1):
    """Who I am and what I play. `version` stays the first field for all time."""

    version: int
    session: SessionId
    key: bytes
    nonce: int  # of the process: one that was restarted greets with another
    challenge: bytes  # to be signed by the other end
    fingerprint: str  # of the game: its classes, their fields and commands


class Proof(Frame, frozen=True, tag=6):
    """The second frame on each link: I hold the key that I greeted with."""

    signature: bytes


class Heartbeat(Frame, frozen=True, tag=2):
    """I live, follow this reign, have its history up to `seq`, and if `calm`, hear its host.

    Before the welcome `seq` is 0.
    """

    epoch: Epoch
    seq: int
    calm: bool = False


class Ping(Frame, frozen=True, tag=3):
    """Answer now. `token` means something to the sender only."""

    token: int


class Pong(Frame, frozen=True, tag=4):
    """The answer to the ping with this token."""

    token: int


class Ask(Frame, frozen=True, tag=7):
    """I do not hear the host of this reign: do you? Ping it for me."""

    epoch: Epoch


class Vouch(Frame, frozen=True, tag=8):
    """The host of this reign answered me after you asked."""

    epoch: Epoch


class Carry(Frame, frozen=True, tag=40):
    """Pass this frame on to `far`. Empty: the relayed link is closed."""

    far: PeerId
    channel: Channel
    data: bytes


class Carried(Frame, frozen=True, tag=41):
    """A frame that `far` gave me for you."""

    far: PeerId
    channel: Channel
    data: bytes


class Piece(Frame, frozen=True, tag=42):
    """A part of a frame that is too long for one go; `rest` bytes of it are still to come."""

    rest: int
    data: bytes


class Bye(Frame, frozen=True, tag=5):
    """The last frame on a link that is closed on purpose."""

    reason: EndReason
    text: str = ""


# --- membership -----------------------------------------------------------------------------------


class Reign(Frame, frozen=True, tag=10):
    """The header of a reign: who rules under which epoch, and what it was built on.

    Signed by its host, so that anybody can pass it on.
    """

    epoch: Epoch
    parent: Position | None  # None for the first reign of a session
    key: bytes
    signature: bytes


class Join(Frame, frozen=True, tag=11):
    """Give me a seat. A key that has one already gets its own back.

    `attempt` is the same when the frame is sent again for lack of an answer, so that a slow
    answer is not given twice.
    """

    attempt: int
    name: str
    addresses: tuple[str, ...]
    can_host: bool
    payload: bytes | None = None  # for the game on the host to judge


class Pending(Frame, frozen=True, tag=16):
    """The answer to a `Join` that the game on the host decides about, within `wait_us`."""

    wait_us: Count


class Rejoin(Frame, frozen=True, tag=12):
    """I had a seat under an earlier reign or link; here is how far my history goes."""

    attempt: int  # as in Join
    epoch: Epoch  # the reign that I want to follow
    old_connection_id: ConnectionId
    position: Position | None
    whole: bool  # send everything: what you sent did not fit to that
    addresses: tuple[str, ...]
    signature: bytes
    extra: bytes | None = None  # for the game on the host; empty is not None


class NoSeat(Frame, frozen=True, tag=17):
    """You come from another branch, and have no seat on mine: ask for one as newcomers do."""

    epoch: Epoch


class Redirect(Frame, frozen=True, tag=13):
    """I am not the host. This is who is, as far as I know."""

    reign: Reign
    addresses: tuple[str, ...]


class Denied(Frame, frozen=True, tag=14):
    """No seat for you, and none if you ask again."""

    reason: DenyReason
    text: str


class Welcome(Frame, frozen=True, tag=15):
    """You follow this reign from now on. `missing` brings you to `base`."""

    reign: Reign
    settings: Settings
    missing: Missing
    base: Position


# --- updates --------------------------------------------------------------------------------------


class Command(Frame, frozen=True, tag=20):
    """Run this for me. `seq` counts my commands from 1; all below `floor` are settled for me."""

    epoch: Epoch
    seq: int
    floor: int
    payload: bytes
    hosts_lost: Count = 0  # that had it already, and gave no answer
    after: int = 0  # the number of the one before it that is not settled; 0 for none


class Write(Frame, frozen=True, tag=25):
    """What I wrote to fields of my own. Not counted, not answered: a later one makes up for it."""

    epoch: Epoch
    payload: bytes


class Update(Frame, frozen=True, tag=21):
    """One ordered change of everything replicated. The same bytes go to everybody."""

    epoch: Epoch
    seq: int
    payload: bytes  # what the world collected; may be empty
    executed: tuple[Executed, ...] = ()
    roster: Roster | None = None  # when it changed
    roster_proof: RosterProof | None = None


class Condensed(Frame, frozen=True, tag=26):
    """What all updates after `base` come to, up to `seq`: for a follower whose link is slow."""

    epoch: Epoch
    base: int
    seq: int
    digest: bytes  # of the history at `seq`
    payload: bytes
    executed: tuple[Executed, ...] = ()


class Confirm(Frame, frozen=True, tag=22):
    """I have the history up to `seq`. Sent when somebody waits for it, else the heartbeat does."""

    epoch: Epoch
    seq: int


class Follow(Frame, frozen=True, tag=24):
    """I follow this reign: my oath on it, to be shown to rivals."""

    epoch: Epoch
    signature: bytes


class Marks(Frame, frozen=True, tag=23):
    """How far the history is durable: at one successor, and at all members present."""

    epoch: Epoch
    one: int
    all: int


# --- succession -----------------------------------------------------------------------------------


class Claim(Frame, frozen=True, tag=30):
    """I want to reign under `number`, after `reign`, whose host I lost.

    The number is one above that of `reign`, or of the claim in `evidence`, an encoded `Claim` of
    somebody else that came to nothing. So nobody can jump ahead.
    """

    number: int
    key: bytes
    reign: Reign
    position: Position
    signature: bytes
    evidence: bytes = b""


class Grant(Frame, frozen=True, tag=31):
    """Go on. This is how far my history goes, and my request for a seat when you reign.

    A peer whose game decides by hand whom to follow makes no request yet. `returning` are members
    that were started again and have asked me for their seats, and where they listen now.
    """

    number: int
    position: Position
    rejoin: Rejoin | None
    returning: tuple[tuple[PeerId, tuple[str, ...]], ...] = ()


class Refuse(Frame, frozen=True, tag=32):
    """Do not go on, and why."""

    number: int
    reason: RefuseReason
    reign: Reign | None = None  # with NEWER
    evidence: bytes = b""  # with PROMISED: the claim that has my word


class Withdraw(Frame, frozen=True, tag=43):
    """No reign comes of my claim under `number`: whoever gave me its word has it back."""

    number: int
    alive: bool  # I was shown that the host lives: it is not my turn again for a while


class Header(msgspec.Struct, frozen=True, array_like=True):
    """What a host says of its reign when it meets another one."""

    reign: Reign
    position: Position
    worked: Position  # the last one at which more than seats changed
    lineage: Lineage
    oaths: tuple[Oath, ...]  # of the members that follow
    signature: bytes


class Handover(Frame, frozen=True, tag=36):
    """I order nothing after `seq`. `target` shall reign under `number` from there on."""

    epoch: Epoch
    number: int
    target: PeerId
    seq: int


class Meeting(Frame, frozen=True, tag=37):
    """From host to host: there are two reigns. `answer` asks for no answer any more."""

    header: Header
    answer: bool
    addresses: tuple[str, ...]  # of the host that sends it: the other side may not know them


class Yield(Frame, frozen=True, tag=38):
    """From host to host: your reign `to` goes on. Take my members in, above `epoch`'s number."""

    epoch: Epoch
    to: Epoch
    signature: bytes


class Renumber(Frame, frozen=True, tag=39):
    """To followers: my reign goes on as it is, under this header."""

    reign: Reign


class Pull(Frame, frozen=True, tag=33):
    """You are ahead of me: send what I lack."""

    position: Position


class Tail(Frame, frozen=True, tag=34):
    """The answer to a pull."""

    missing: Missing


class Fenced(Frame, frozen=True, tag=35):
    """Your frame was void: this is the reign now. Join it."""

    reign: Reign
    addresses: tuple[str, ...]


AnyFrame = (
    Hello
    | Proof
    | Heartbeat
    | Ping
    | Pong
    | Piece
    | Bye
    | Ask
    | Vouch
    | Carry
    | Carried
    | Reign
    | Join
    | Pending
    | Rejoin
    | NoSeat
    | Redirect
    | Denied
    | Welcome
    | Command
    | Write
    | Update
    | Condensed
    | Confirm
    | Follow
    | Marks
    | Claim
    | Grant
    | Refuse
    | Withdraw
    | Pull
    | Tail
    | Fenced
    | Handover
    | Meeting
    | Yield
    | Renumber
)
