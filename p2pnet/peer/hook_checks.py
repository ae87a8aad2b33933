"""Are the hooks of a game such as p2pnet will call them?  Asked when a peer is opened.

A hook with a wrong number of arguments would raise in the worst moment, when the host is lost; one
with a misspelt name would never be called, and nobody would know why.
"""

from __future__ import annotations

import difflib
import inspect

from ..core.errors import DeclarationError

_OTHERS = frozenset({"find_new_host", "verify_scene_before_loading"})


def check_hooks(hooks: object, base: type, what: str) -> None:
    """Check an object of a subclass of `base`, which was given as `what`.

    Raises DeclarationError, which names the hook and says how it has to look.
    """
    if not isinstance(hooks, base):
        got = repr(hooks)
        if isinstance(hooks, type):
            got = f"the class {hooks.__name__}: write {hooks.__name__}()"
        raise DeclarationError(
            f"{what} must be an object of a subclass of {base.__name__}, not {got}"
        )
    cls = type(hooks)
    known = {name for name in dir(base) if name.startswith("on_") or name in _OTHERS}
    for name in dir(cls):
        if name.startswith("on_") and name not in known and callable(getattr(cls, name)):
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise DeclarationError(f"{cls.__name__}.{name} is no hook of {base.__name__}{hint}")
    for name in sorted(known):
        if getattr(cls, name) is not getattr(base, name):
            _check_hook(hooks, name, base)


def _check_hook(hooks: object, name: str, base: type) -> None:
    where = f"{type(hooks).__name__}.{name}"
    hook = getattr(hooks, name)
    if not callable(hook):
        raise DeclarationError(f"{where} has to be a method")
    if inspect.iscoroutinefunction(hook):
        raise DeclarationError(f"{where} is called within one step, so it must be a plain def")
    wanted = inspect.signature(getattr(base, name)).parameters.values()
    arguments = [each for each in wanted if each.name != "self"]
    try:
        inspect.signature(hook).bind(*arguments)
    except TypeError as error:
        names = ", ".join(["self", *(each.name for each in arguments)])
        raise DeclarationError(f"{where}: {error}; write `def {name}({names})`") from None
