from __future__ import annotations

import msgspec

from p2pnet.cli.loading import GameName
from p2pnet.cli.views import dump_fields, object_fields, ready_fields, status_fields

from .playing import hosting

NAME = GameName("tanks", "game")


async def test_ready_tells_how_to_join() -> None:
    async with hosting() as peer:
        fields = ready_fields(peer, NAME)
    assert fields["invite"].startswith("p2pnet:")
    assert fields["invite"].endswith("#tanks:game")
    assert {k: v for k, v in fields.items() if k != "invite"} == {
        "role": "host",
        "connection_id": 0,
        "old_connection_id": -1,
        "port": 7777,
    }


async def test_status_tells_where_the_peer_stands() -> None:
    async with hosting() as peer:
        fields = status_fields(peer)
        assert fields["host"] == peer.me
        assert fields["position"] == str(peer.position)
        assert fields["digest"] == peer.digest.hex()
        assert peer.objects[fields["player"]] is peer.player
    assert (fields["role"], fields["state"], fields["epoch"]) == ("host", "reigning", 1)


async def test_a_dump_holds_every_object_with_all_its_fields() -> None:
    async with hosting() as peer:
        await peer.player.take("sword")  # type: ignore[union-attr]
        dump = dump_fields(peer, NAME)
        assert msgspec.json.decode(msgspec.json.encode(dump)) == dump
        assert list(dump["objects"]) == [str(number) for number in peer.objects]
        tank = dump["objects"][str(dump["player"])]
        assert tank == {
            "class": "Tank",
            "owner": peer.me,
            "active": True,
            "fields": {
                "name": "ana",
                "x": 0.0,
                "place": {"x": 0.0, "y": 0.0},
                "bag": ["sword"],
                "seen": [],
            },
        }
        assert [seat["name"] for seat in dump["roster"]] == ["ana"]


async def test_an_object_of_nobody_has_no_owner() -> None:
    async with hosting() as peer:
        (crate,) = (obj for obj in peer.objects.values() if type(obj).__name__ == "Crate")
        peer.remove_authority(crate)
        assert object_fields(crate)["owner"] is None
