from __future__ import annotations

import pytest
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection

from p2pnet.links.binary_message import binary_message, close_message


def reader_of(mask: bytes | None) -> Connection:
    return Connection(ConnectionType.CLIENT if mask is None else ConnectionType.SERVER)


@pytest.mark.parametrize("mask", [None, b"\x01\x80\xff\x00"], ids=["plain", "masked"])
@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 126, 127, 65_535, 65_536, 70_001])
def test_another_implementation_reads_the_message(size: int, mask: bytes | None) -> None:
    payload = bytes(i * 7 % 256 for i in range(size))
    reader = reader_of(mask)
    reader.receive_data(binary_message(payload, mask))
    events = list(reader.events())
    assert all(isinstance(event, BytesMessage) for event in events)
    assert b"".join(bytes(event.data) for event in events) == payload
    assert events[-1].message_finished


@pytest.mark.parametrize("mask", [None, b"abcd"], ids=["plain", "masked"])
def test_another_implementation_reads_the_good_bye(mask: bytes | None) -> None:
    reader = reader_of(mask)
    reader.receive_data(close_message(1009, mask))
    (event,) = reader.events()
    assert isinstance(event, CloseConnection)
    assert event.code == 1009
