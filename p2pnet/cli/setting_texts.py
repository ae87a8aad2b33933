"""`--settings KEY=VALUE`: fields of `Settings` from the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from ..core.settings import Settings
from .complaints import Complaint

_WORDS: Final = {"true": True, "false": False, "yes": True, "no": False}


def read_settings(texts: Iterable[str]) -> Settings:
    """The default settings with these fields changed. Raises `Complaint`."""
    known = attrs.fields_dict(Settings)
    values: dict[str, int | str | bool] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or key not in known:
            raise Complaint(f"--settings {text!r}: give KEY=VALUE with one of {', '.join(known)}")
        values[key] = _WORDS.get(value.lower(), value)
        if value.removeprefix("-").isdecimal():
            values[key] = int(value)
    try:
        return Settings(**values)  # type: ignore[arg-type]  # the validators check them
    except ValueError as error:
        raise Complaint(f"--settings: {error}") from None
