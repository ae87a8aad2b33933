from __future__ import annotations

import msgspec
import pytest

from p2pnet.core import effects
from p2pnet.core.effects import Effect

VALUES = [k for k in vars(effects).values() if isinstance(k, type) and issubclass(k, Effect)]


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_an_effect_can_not_be_changed_and_equals_its_like(kind: type) -> None:
    fields = [field.name for field in msgspec.structs.fields(kind)]
    assert kind(*fields) == kind(*fields)
    for name in fields:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(kind(*fields), name, None)
