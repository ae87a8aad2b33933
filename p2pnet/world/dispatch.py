"""Commands and client rpcs, from the call to the game's method and back.

A command is refused at the caller if it can be, so that the mistake shows in the line that made
it. The host judges it all over again: a peer that was tampered with skips its own checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
import msgspec

from ..core.errors import (
    AuthorityError,
    CommandFailed,
    CommandRefusal,
    CommandRefused,
    GameError,
    LocalProtocolError,
    RemoteProtocolError,
    SyncTypeError,
)
from ..core.values import PeerId
from .calls import CallSpec
from .hints import BAD_BYTES, Misfit
from .objects import NetworkObject
from .requests import CLASS_INDEX, Request, run
from .wire import (
    CALL,
    OUTCOME,
    Call,
    Done,
    Failed,
    Outcome,
    Refused,
    Rpc,
    decode,
    encode,
)

if TYPE_CHECKING:
    from .world import World

PAYLOAD_BYTES_MAX: Final = 64 << 10
"""Longest command. Larger things do not belong into one step of a game."""

_TEXT_CHARS_MAX: Final = 2000


@attrs.frozen
class PastCommand:
    """A command that this peer called: on which object, by which name, with what."""

    object_id: int
    name: str
    arguments: dict[str, Any]


@attrs.frozen(eq=False)
class Dispatch:
    """What carries calls into a world and out of it."""

    world: World

    # --- at the caller ---

    def submit(
        self, obj: NetworkObject, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        """Send a command and return its receipt. Raises `CommandRefused` without sending."""
        world, spec = self.world, obj.__layout__.call_of[name]
        if not spec.mark.anyone and obj.owner != world.me:
            raise CommandRefused(CommandRefusal.NO_AUTHORITY, _no_authority(spec, obj, world.me))
        try:
            values = spec.bind(args, kwargs)
        except Misfit as error:
            raise CommandRefused(CommandRefusal.BAD_ARGUMENTS, f"{spec.where}: {error}") from None
        class_index = world.game.index_of(type(obj))
        payload = encode(Call(class_index, spec.index, obj.object_id, spec.dump(values)))
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise CommandRefused(CommandRefusal.BAD_ARGUMENTS, _too_long(spec.where, payload))
        if world.submit is None:
            raise LocalProtocolError(f"{spec.where}: this peer is in no session")
        return world.submit(payload, spec.mark.ack)

    def request(self, request: Request, object_id: int, arguments: Sequence[Any]) -> Any:
        """Send a request that every world understands; inside of the host's game, do it."""
        world = self.world
        if world.running:
            return run(world, world.caller or world.me, request, object_id, list(arguments))
        if world.submit is None:
            raise LocalProtocolError(f"{request.name.lower()}: this peer is in no session")
        payload = encode(Call(CLASS_INDEX, request, object_id, list(arguments)))
        return world.submit(payload, None)

    def decode_outcome(self, payload: bytes, outcome: bytes) -> Any:
        """The result of a command, typed as its return annotation says.

        Raises `CommandRefused` or `CommandFailed` if that is what came of it, and
        `RemoteProtocolError` for bytes that are no outcome of this command.
        """
        found = decode(OUTCOME, outcome, "the outcome of a command")
        if isinstance(found, Refused):
            raise CommandRefused(found.reason, found.text)
        if isinstance(found, Failed):
            raise CommandFailed(found.error, found.text)
        call = decode(CALL, payload, "a command")
        if call.class_index == CLASS_INDEX:
            return found.result
        try:
            return self._spec(call).result.load(found.result)
        except (Misfit, LookupError) as error:
            raise RemoteProtocolError(f"not the outcome of this command: {error}") from error

    def describe(self, payload: bytes) -> PastCommand:
        """What a command of this peer said. Raises `RemoteProtocolError` for other bytes."""
        call = decode(CALL, payload, "a command")
        if call.class_index == CLASS_INDEX:
            named = {str(place): value for place, value in enumerate(call.arguments)}
            return PastCommand(call.object_id, Request(call.command).name.lower(), named)
        try:
            spec = self._spec(call)
            values = spec.load(call.arguments)
        except (Misfit, LookupError) as error:
            raise RemoteProtocolError(f"not a command of this game: {error}") from error
        names = (parameter.name for parameter in spec.parameters)
        return PastCommand(call.object_id, spec.name, dict(zip(names, values, strict=True)))

    # --- on the host ---

    def execute(self, origin: PeerId, payload: bytes) -> bytes:
        """Judge a command, run it, and return its encoded outcome."""
        world = self.world
        world.caller, before = origin, world.caller
        try:
            call = self._read(payload)
            if call.class_index == CLASS_INDEX:
                return encode(self._run_request(origin, call))
            return encode(self._run(*self._judge(origin, call)))
        except CommandRefused as refusal:
            return encode(Refused(refusal.reason, _plain(refusal.text)))
        finally:
            world.caller = before

    def refuse(self, payload: bytes) -> bytes:
        """The outcome of a command that hosts were lost over, for the case that one more is."""
        try:
            call = self._read(payload)
            what = "a request" if call.class_index == CLASS_INDEX else self._spec(call).where
        except (CommandRefused, LookupError):
            what = "the command"
        text = (
            f"{what}: host after host was lost while it ran this, so it is not run again; look for "
            "what ends or blocks the process that runs it"
        )
        return encode(Refused(CommandRefusal.LETHAL, text))

    def _run_request(self, origin: PeerId, call: Call) -> Outcome:
        arguments = origin, call.command, call.object_id, call.arguments
        try:
            return Done(self.world.call_game(run, self.world, *arguments))
        except CommandRefused:
            raise
        except Exception as error:  # noqa: BLE001  a hook of the game, as in `_run`
            return Failed(type(error).__name__, _plain(_text_of(error)))

    def _run(self, obj: NetworkObject, spec: CallSpec, values: list[Any]) -> Outcome:
        try:
            result = self.world.call_game(spec.run, obj, values)
        except Exception as error:  # noqa: BLE001  whatever the game raises goes to the caller
            return Failed(type(error).__name__, _plain(_text_of(error)))
        except SystemExit as error:
            # The outcome goes out before this host does, so the next one does not run it again.
            self.world.fatal = GameError(f"{spec.where} ended the host: {error!r}")
            return Refused(CommandRefusal.LETHAL, f"{spec.where} ended the host that ran it")
        try:
            return Done(spec.result.dumped(spec.result.check(result)))
        except Misfit as error:
            hint = "; annotate what it returns" if spec.result.text == "none" else ""
            text = f"{spec.where}: the result does not fit: {error}{hint}"
            return Failed(SyncTypeError.__name__, _plain(text))

    def _read(self, payload: bytes) -> Call:
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise CommandRefused(CommandRefusal.BAD_ARGUMENTS, _too_long("the command", payload))
        try:
            return CALL.decode(payload)
        except BAD_BYTES as error:
            raise CommandRefused(CommandRefusal.BAD_ARGUMENTS, f"not a command: {error}") from None

    def _judge(self, origin: PeerId, call: Call) -> tuple[NetworkObject, CallSpec, list[Any]]:
        obj = self.world.objects.get(call.object_id)
        if obj is None:
            raise CommandRefused(
                CommandRefusal.NO_SUCH_OBJECT, f"there is no object {call.object_id}"
            )
        try:
            spec = self._spec(call)
        except LookupError as error:
            raise CommandRefused(CommandRefusal.NO_SUCH_COMMAND, str(error)) from None
        if obj.__layout__.call_of.get(spec.name) is not spec:
            text = f"{obj!r} is not of the class that {spec.where} belongs to"
            raise CommandRefused(CommandRefusal.NO_SUCH_COMMAND, text)
        if self.world.absences.paused and not spec.mark.while_paused:
            raise CommandRefused(CommandRefusal.PAUSED, self._why_paused())
        if not spec.mark.anyone and obj.owner != origin:
            raise CommandRefused(CommandRefusal.NO_AUTHORITY, _no_authority(spec, obj, origin))
        try:
            return obj, spec, spec.load(call.arguments)
        except Misfit as error:
            text = f"{spec.where}: {error}"
            raise CommandRefused(CommandRefusal.BAD_ARGUMENTS, text) from None

    def _why_paused(self) -> str:
        missing = ", ".join(map(self._name_of, self.world.absences.missing))
        return f"the game waits for {missing}" if missing else "the host has paused the game"

    def _name_of(self, peer: PeerId) -> str:
        """What people call a member; its id if it has no player, or no name."""
        player = self.world.player_of(peer)
        return getattr(player, "name", "") or peer

    def _spec(self, call: Call) -> CallSpec:
        layouts = self.world.game.layouts
        if not 0 <= call.class_index < len(layouts):
            raise LookupError(f"the game has no class {call.class_index}")
        layout = layouts[call.class_index]
        if not 0 <= call.command < len(layout.commands):
            names = ", ".join(spec.name for spec in layout.commands) or "none"
            raise LookupError(
                f"{layout.cls.__name__} has no command {call.command}; its commands are: {names}"
            )
        return layout.commands[call.command]

    # --- client rpcs ---

    def send_rpc(
        self,
        obj: NetworkObject,
        name: str,
        to: PeerId | int | None,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> None:
        """Put a client rpc into the coming update, and run it here if it is for this peer too.

        Raises `AuthorityError` on a client, `SyncTypeError` for arguments that do not fit.
        """
        world, spec = self.world, obj.__layout__.call_of[name]
        if not world.is_host:
            raise AuthorityError(
                f"{spec.where}: a client_rpc is called on the host; call it in a @command"
            )
        try:
            values = spec.bind(args, kwargs)
        except Misfit as error:
            raise SyncTypeError(f"{spec.where}: {error}") from None
        peer = world.peer_named(to)
        if peer != world.me:
            # Encoded at once: lists among the arguments may change before the update goes out.
            raw = msgspec.Raw(encode(spec.dump(values)))
            world.journal.add(Rpc(obj.object_id, spec.index, peer, raw))
        if peer is None or peer == world.me:
            world.call_game(spec.run, obj, values)


def _no_authority(spec: CallSpec, obj: NetworkObject, peer: PeerId) -> str:
    owner = "nobody" if obj.owner is None else f"the peer {obj.owner}"
    return (
        f"{spec.where}: {obj!r} is owned by {owner}, not by {peer}; let anyone call it with "
        "@command(anyone=True), or assign authority"
    )


def _too_long(what: str, payload: bytes) -> str:
    return f"{what}: {len(payload)} bytes, at most {PAYLOAD_BYTES_MAX} can be sent"


def _text_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  the game's own __str__ must not break the host
        return ""


def _plain(text: str) -> str:
    """Text that can be encoded, and is not longer than somebody would read."""
    return text[:_TEXT_CHARS_MAX].encode("utf-8", "replace").decode()
