"""Who has no host for long: what becomes of the links to the others meanwhile."""

from __future__ import annotations

import pytest

from p2pnet.core.events import ClaimMade, HostChanged, SessionPaused
from p2pnet.core.messages import Claim, Grant, Join
from p2pnet.core.search import ROUND_WINDOWS
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.states import HOSTLESS, State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import Dials
from tests.core.bench import Bench
from tests.core.test_policy import world_of


def test_a_new_search_knows_nothing_of_the_last_one() -> None:
    host, *_, last = CoreWorld().game(4)
    search = last.core._roles.succession.search
    search.begin(host.id)
    search.shown.add(last.id)
    search.on_back(last.id, ())
    search.look_for([(last.id, ("elsewhere",))])
    search.again_us = 9
    search.end()
    assert search.lost is None
    assert not search.back and not last.core._s.elsewhere
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


@pytest.mark.parametrize("closed", ["able", "weak"])
def test_each_looks_for_the_other_for_it_may_be_the_only_one_that_can(closed: str) -> None:
    """Who can't host claims nothing, so it does not know that they are too few.

    And who joined earlier need not dial, as long as there is a host.
    """
    world = CoreWorld(settings=Settings(policy=Policy.MAJORITY_ONLY))
    host = world.host()
    able, weak = world.join(host, "able"), world.start("weak", can_host=False)
    world.enter_session(weak, host)
    assert world.run_while(lambda: not world.converged())
    world.run_for(1_000_000)
    world.crash(host)
    world.cut_both(able, weak)
    world.reset_links(able, weak)
    world.run_for(5_000_000)
    world.heal()
    {"able": able, "weak": weak}[closed].dials = Dials.REFUSED
    assert world.run_while(lambda: not world.converged(), 3_000_000)
    assert world.hosts == [able]


@pytest.mark.parametrize("silent", [False, True])
def test_who_was_started_again_counts_though_it_has_forgotten_everything(silent: bool) -> None:
    """All that were lost may come back that way. Its request may go to one, and another claims.

    While that one dials where it was before, and nobody says no there, it is told where it is now.
    """
    world = world_of(4, Policy.MAJORITY_ONLY)
    host, first, second, third = world.peers
    for peer in (host, third):
        world.crash(peer, silent=silent)
    world.run_for(4_000_000)
    assert first.saw(SessionPaused) and not world.hosts
    again = world.join(second, "again", key=host.key)
    assert world.run_while(lambda: again.core.state is not State.FOLLOWING, 2_000_000)
    assert world.hosts == [first]
    assert again.core.old_connection_id == host.core.connection_id


def test_a_stranger_that_asks_for_a_seat_makes_no_majority() -> None:
    world = world_of(4, Policy.MAJORITY_ONLY)
    host, first, _, third = world.peers
    for peer in (host, third):
        world.crash(peer)
    world.join(first, "stranger")
    world.run_for(5_000_000)
    assert not world.hosts


def test_who_was_started_again_counts_for_as_long_as_it_asks() -> None:
    world = CoreWorld()
    _, first, second, _ = world.game(4)
    search = first.core._roles.succession.search
    search.on_back(second.id, ("here",))
    assert search.returning() == ((second.id, ("here",)),)
    assert search.present([]) == search.present([second.id]) == 2
    first.core._s.now += world.settings.red_us
    assert search.returning() == () and search.present([]) == 1


def test_nobody_counts_as_back_because_somebody_says_so() -> None:
    """A majority can't be made of names. What a grant says is where to look."""
    bench = Bench.of(4, Settings(policy=Policy.MAJORITY_ONLY))
    host, first, liar, third = bench.peers
    for peer in (host, third):
        bench.world.crash(peer)
    assert bench.world.run_while(lambda: first.core.state is not State.CLAIMING)
    names = tuple((peer.id, peer.core._s.addresses) for peer in (host, third))
    number, position = first.saw(ClaimMade)[-1].number, liar.core.position  # type: ignore[attr-defined]
    assert position is not None
    bench.slip(liar, first, Grant(number, position, None, names))
    bench.world.run_for(2_000_000)
    assert not bench.world.hosts and first.saw(SessionPaused)


def test_what_a_game_sends_along_with_a_request_is_for_its_host_alone() -> None:
    """Anybody can claim, and so learn that somebody was started again."""
    bench = Bench.of(3)
    host, member, *_ = bench.peers
    bench.world.crash(host)
    again = bench.world.start("again", host.key)
    again.core._s.choices.payload = b"a password"
    bench.world.enter_session(again, member)
    assert bench.world.run_while(lambda: not bench.heard(again, Join))
    position, reign = member.core.position, member.core.reign
    assert position is not None and reign is not None
    bench.listen()
    bench.slip(member, again, Claim(2, member.key, reign, position, b""))
    assert [frame.payload for frame in bench.heard(again, Join)] == [None]


def test_who_was_started_again_is_not_waited_for() -> None:
    """It has answered: more than that it wants its seat it can't say."""
    bench = Bench.of(4)
    host, first, second, _ = bench.peers
    bench.world.cut(second, first)
    bench.world.crash(host)
    assert bench.world.run_while(lambda: first.core.state is not State.CLAIMING)
    bench.world.run_for(100_000)  # the third has granted
    assert first.core.state is State.CLAIMING
    bench.slip(second, first, Join(1, second.name, ("elsewhere",), can_host=True))
    assert first.core.state is State.REIGNING
