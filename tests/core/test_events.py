from __future__ import annotations

import attrs
import pytest

from p2pnet.core import events
from p2pnet.core.events import Event

VALUES = [k for k in vars(events).values() if isinstance(k, type) and issubclass(k, Event)]


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_an_event_can_not_be_changed_and_equals_its_like(kind: type) -> None:
    fields = [field.name for field in attrs.fields(kind)]
    one, same = kind(*fields), kind(*fields)
    assert one == same and hash(one) == hash(same)
    for name in fields:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(one, name, None)


def test_there_is_something_to_tell() -> None:
    assert len(VALUES) > 20
