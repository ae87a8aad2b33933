"""Methods that are called on one peer and run on another: `command` and `client_rpc`.

The decorator replaces the method by a function that decides, call by call, whether to run it here
or to send it. A `CallSpec`, made when the class is networked, knows the parameters and checks
arguments: at the caller, so that a mistake shows where it was made, and again on the peer that
runs it, since bytes from elsewhere prove nothing.
"""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, overload

import attrs

from ..core.errors import DeclarationError, LocalProtocolError
from ..core.settings import AckLevel
from ..core.values import PeerId
from .hints import Misfit, WireType, resolve_hint, wire_type

if TYPE_CHECKING:
    from .objects import NetworkObject

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])

MARK: Final = "__p2pnet_call__"
_VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class CallKind(enum.Enum):
    """Which way a call goes."""

    COMMAND = "command"  # from the owner to the host
    CLIENT_RPC = "client_rpc"  # from the host to the clients


@attrs.frozen(eq=False)
class Mark:
    """What a decorator left on the function that it made."""

    kind: CallKind
    function: Callable[..., Any]
    anyone: bool = False
    ack: AckLevel | None = None
    while_paused: bool = False


# --- decorators -----------------------------------------------------------------------------------


@overload
def command(method: Callable[P, Any], /) -> Callable[P, Any]: ...
@overload
def command(
    *, anyone: bool = False, ack: AckLevel | str | None = None, while_paused: bool = False
) -> Callable[[Callable[P, Any]], Callable[P, Any]]: ...
def command(
    method: Callable[..., Any] | None = None,
    /,
    *,
    anyone: bool = False,
    ack: AckLevel | str | None = None,
    while_paused: bool = False,
) -> Any:
    """Make a method one that the owner of the object calls and the host runs.

    `anyone` lets peers call it that do not own the object. `ack` overrides the session's level.
    `while_paused` lets it run while the game stands still for somebody who is missing (`Absence`).
    A call gives a receipt; called by code that the world runs on the host, the plain result.
    A command that raises is not undone: what it changed before stays changed.
    """
    try:
        level = None if ack is None else AckLevel(ack)
    except ValueError:
        levels = ", ".join(repr(member.value) for member in AckLevel)
        raise DeclarationError(f"command: ack={ack!r} is none of {levels}") from None

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        _check_function(function, "command")
        name = function.__name__

        @functools.wraps(function)
        def call(self: NetworkObject, *args: Any, **kwargs: Any) -> Any:
            presence = self._presence
            if presence is None:
                raise LocalProtocolError(
                    f"{type(self).__name__}.{name}: the object is in no world; spawn it first"
                )
            if presence.world.running:
                return function(self, *args, **kwargs)
            return presence.world.call_command(self, name, args, kwargs)

        setattr(call, MARK, Mark(CallKind.COMMAND, function, anyone, level, while_paused))
        return call

    return decorate if method is None else decorate(method)


def client_rpc(method: Callable[..., None]) -> Callable[..., None]:
    """Make a method one that the host calls and every client runs; the host runs it at once.

    `to=` at the call (a peer id or a connection id) picks one peer, and only that one runs it.
    """
    _check_function(method, "client_rpc")
    name = method.__name__

    @functools.wraps(method)
    def call(
        self: NetworkObject, *args: Any, to: PeerId | int | None = None, **kwargs: Any
    ) -> None:
        presence = self._presence
        if presence is None:
            raise LocalProtocolError(
                f"{type(self).__name__}.{name}: the object is in no world; spawn it first"
            )
        if self.__layout__.call_of[name].mark.function is not method:
            method(self, *args, **kwargs)  # super().name() in an overriding one, which went out
        else:
            presence.world.call_rpc(self, name, to, args, kwargs)

    setattr(call, MARK, Mark(CallKind.CLIENT_RPC, method))
    return call


def _check_function(function: object, decorator: str) -> None:
    if not inspect.isfunction(function):
        raise DeclarationError(f"@{decorator} belongs directly above the def of a method")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise DeclarationError(
            f"@{decorator} {function.__name__}: it runs within one step, so it must be a plain def"
        )


# --- specs ----------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Parameter:
    """One argument of a call."""

    name: str
    hint: Any
    """The type that its annotation stands for."""
    wire: WireType
    keyword_only: bool


@attrs.frozen(eq=False)
class CallSpec:
    """A command or client rpc of one class."""

    mark: Mark
    name: str
    where: str  # "Tank.drive"
    index: int
    parameters: tuple[Parameter, ...]
    result: WireType
    signature: inspect.Signature  # without self

    @property
    def text(self) -> str:
        """The signature in words that are the same on every peer."""
        parts = ", ".join(f"{p.name}: {p.wire.text}" for p in self.parameters)
        kind = self.mark.kind.value
        return f"{kind} {self.name}({parts}) -> {self.result.text} anyone={self.mark.anyone}"

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """One checked value for every parameter, in order. Raises `Misfit`."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise Misfit(str(error)) from None
        bound.apply_defaults()
        return self._each(lambda p: p.wire.check(bound.arguments[p.name]))

    def dump(self, values: Sequence[Any]) -> list[Any]:
        """Checked values as they are encoded."""
        return [p.wire.dumped(value) for p, value in zip(self.parameters, values, strict=True)]

    def load(self, raws: Any) -> list[Any]:
        """One value for every parameter, from the wire. Raises `Misfit`."""
        if not isinstance(raws, list) or len(raws) != len(self.parameters):
            got = len(raws) if isinstance(raws, list) else type(raws).__name__
            raise Misfit(f"expected {len(self.parameters)} arguments, got {got}")
        found = dict(zip((p.name for p in self.parameters), raws, strict=True))
        return self._each(lambda p: p.wire.load(found[p.name]))

    def run(self, obj: NetworkObject, values: Sequence[Any]) -> Any:
        """Call the game's method itself."""
        pairs = list(zip(self.parameters, values, strict=True))
        positional = [value for p, value in pairs if not p.keyword_only]
        named = {p.name: value for p, value in pairs if p.keyword_only}
        return self.mark.function(obj, *positional, **named)

    def _each(self, value_of: Callable[[Parameter], Any]) -> list[Any]:
        values: list[Any] = []
        for parameter in self.parameters:
            try:
                values.append(value_of(parameter))
            except Misfit as error:
                raise Misfit(f"{parameter.name}: {error}") from None
        return values


def make_call(mark: Mark, where: str, index: int, localns: Mapping[str, Any]) -> CallSpec:
    """The spec of a marked method. Raises `DeclarationError` if its arguments can't travel."""
    function = mark.function
    signature = inspect.signature(function)
    own, *others = signature.parameters.values()
    del own  # self
    globalns: dict[str, Any] = getattr(function, "__globals__", {})
    parameters = tuple(_make_parameter(p, where, globalns, localns) for p in others)
    if mark.kind is CallKind.CLIENT_RPC and "to" in signature.parameters:
        raise DeclarationError(f"{where}: `to` picks the peer of a client_rpc; name it otherwise")
    result = wire_type(_result_hint(signature, where, globalns, localns), where, mutable=True)
    if mark.kind is CallKind.CLIENT_RPC and result.text != "none":
        raise DeclarationError(f"{where}: a client_rpc returns nothing; annotate it -> None")
    return CallSpec(
        mark=mark,
        name=function.__name__,
        where=where,
        index=index,
        parameters=parameters,
        result=result,
        signature=signature.replace(parameters=others),
    )


def _result_hint(
    signature: inspect.Signature, where: str, globalns: dict[str, Any], localns: Mapping[str, Any]
) -> Any:
    if signature.return_annotation is inspect.Signature.empty:
        return type(None)
    hint = resolve_hint(signature.return_annotation, globalns, localns, f"{where}, result")
    return type(None) if hint is None else hint


def _make_parameter(
    parameter: inspect.Parameter,
    where: str,
    globalns: dict[str, Any],
    localns: Mapping[str, Any],
) -> Parameter:
    place = f"{where}({parameter.name})"
    if parameter.kind in _VARIADIC:
        raise DeclarationError(f"{place}: * and ** have no fixed types; name each parameter")
    if parameter.annotation is inspect.Parameter.empty:
        raise DeclarationError(f"{place}: annotate it, so that arguments can be checked")
    hint = resolve_hint(parameter.annotation, globalns, localns, place)
    wire = wire_type(hint, place, mutable=True)
    if parameter.default is not inspect.Parameter.empty:
        try:
            wire.check(parameter.default)
        except Misfit as error:
            raise DeclarationError(f"{place}: the default does not fit: {error}") from None
    keyword_only = parameter.kind is inspect.Parameter.KEYWORD_ONLY
    return Parameter(parameter.name, hint, wire, keyword_only)
