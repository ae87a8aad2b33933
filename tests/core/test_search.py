"""Who has no host for long: what becomes of the links to the others meanwhile."""

from __future__ import annotations

import pytest

from p2pnet.core.events import HostChanged, SessionPaused
from p2pnet.core.search import ROUND_WINDOWS
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.states import HOSTLESS
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import Dials
from tests.core.test_policy import world_of


def test_a_new_search_knows_nothing_of_the_last_one() -> None:
    host, *_, last = CoreWorld().game(4)
    search = last.core._roles.succession.search
    search.begin(host.id)
    search.shown.add(last.id)
    search.again_us, search.too_few = 9, True
    search.end()
    assert search.lost is None and not search.too_few
    search.begin(None)
    assert search.again_us == 0 and not search.shown


def test_the_chosen_one_goes_first_and_then_the_order_is_as_usual() -> None:
    host, first, second, third = CoreWorld().game(4)
    search = third.core._roles.succession.search
    search.begin(host.id)
    assert search.better() == [first.id, second.id] and search.successor() == first.id
    assert search.ahead() == 2
    assert search.turn_us(second.id) - search.turn_us(first.id) == third.core._s.mesh.answer_us()
    search.chosen = second.id
    assert search.successor() == second.id and search.ahead() == ROUND_WINDOWS + 2
    assert search.turn_us(second.id) < search.turn_us(first.id)
    search.shown.add(first.id)
    assert search.better() == [second.id]
    search.chosen = third.id
    assert search.ahead() == 0


@pytest.mark.parametrize("minutes", [0, 2])
def test_those_who_are_too_few_find_one_another_though_their_links_are_gone(minutes: int) -> None:
    """In a long split links die of silence; in a short one they may break."""
    world = world_of(5, Policy.MAJORITY_ONLY)
    host, *others = world.peers
    world.crash(host)
    for number, one in enumerate(others):
        for other in others[number + 1 :]:
            if other is not others[1]:  # two of them hear one another
                world.cut_both(one, other)
                if not minutes:
                    world.reset_links(one, other)
    world.run_for(minutes * 60_000_000 + 2_000_000)
    assert all(peer.core.state in HOSTLESS for peer in others)
    assert others[0].saw(SessionPaused)
    world.heal()
    assert world.run_while(lambda: not world.converged(), 3_000_000)
    assert len(others[3].saw(HostChanged)) == 1


def test_who_can_not_host_looks_for_the_others_when_a_reign_is_overdue() -> None:
    """It claims nothing, so it does not know that they are too few. And nobody can dial it."""
    world = CoreWorld(settings=Settings(policy=Policy.MAJORITY_ONLY))
    host = world.host()
    able, weak = world.join(host, "able"), world.start("weak", can_host=False)
    world.enter_session(weak, host)
    assert world.run_while(lambda: not world.converged())
    world.run_for(1_000_000)
    world.crash(host)
    weak.dials = Dials.REFUSED
    world.cut_both(able, weak)
    world.reset_links(able, weak)
    world.run_for(5_000_000)
    world.heal()
    assert world.run_while(lambda: not world.converged(), 3_000_000)
    assert world.hosts == [able]
