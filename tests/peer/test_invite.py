from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pnet.core.errors import InviteError
from p2pnet.core.values import PeerId, SessionId
from p2pnet.peer.invite import Invite

ADDRESSES = ("192.168.1.5:7777", "[2001:db8::5]:7777", "127.0.0.1:7777")
INVITE = Invite(SessionId("abcdefghijklmnop"), PeerId("qrstuvwxyz234567"), ADDRESSES)
TEXT = str(INVITE)


def sealed(version: int, body: object) -> str:
    """An invite with any version and body, and a checksum that is right."""
    packed = msgspec.msgpack.encode(body)
    data = bytes([version]) + len(packed).to_bytes(2, "big") + packed
    data += blake2b(data, digest_size=4).digest()
    return "p2pnet:" + urlsafe_b64encode(data).decode().rstrip("=")


def test_an_invite_comes_back_from_its_text() -> None:
    assert Invite.parse(TEXT) == INVITE


def test_the_text_is_one_short_line_without_padding() -> None:
    assert TEXT.startswith("p2pnet:")
    assert TEXT.isascii() and len(TEXT.split()) == 1 and "=" not in TEXT
    assert len(TEXT) < 160


@pytest.mark.parametrize(
    "text",
    [
        f"  {TEXT}\n",
        f"'{TEXT}'",
        f'"{TEXT}"',
        f"\u201c{TEXT}\u201d.",
        f"<{TEXT}>",
        f"`{TEXT}`",
        f" ' {TEXT} ' \r\n",
        TEXT[:40] + "\n    " + TEXT[40:],
        TEXT.replace("p2pnet", "P2PNET"),
    ],
)
def test_what_copying_adds_does_not_matter(text: str) -> None:
    assert Invite.parse(text) == INVITE


@pytest.mark.parametrize("text", ["", "   \n", "''", '"  "'])
def test_an_empty_invite_says_what_to_paste(text: str) -> None:
    with pytest.raises(InviteError, match="empty"):
        Invite.parse(text)


@pytest.mark.parametrize("text", ["127.0.0.1:7777", "https://p2pnet:AQ", "p2pnet", "p2p:AQID"])
def test_something_else_is_told_apart_by_its_beginning(text: str) -> None:
    with pytest.raises(InviteError, match="begins with 'p2pnet:'"):
        Invite.parse(text)


@pytest.mark.parametrize("length", range(len("p2pnet:"), len(TEXT)))
def test_a_cut_invite_is_called_cut(length: int) -> None:
    with pytest.raises(InviteError, match="cut off"):
        Invite.parse(TEXT[:length])


def test_two_invites_in_a_row_are_not_one() -> None:
    with pytest.raises(InviteError, match="alone"):
        Invite.parse(TEXT + TEXT[7:])


@pytest.mark.parametrize("place", range(len("p2pnet:") + 4, len(TEXT)))
def test_one_wrong_letter_never_passes(place: int) -> None:
    wrong = "A" if TEXT[place] != "A" else "Q"
    with pytest.raises(InviteError):
        Invite.parse(TEXT[:place] + wrong + TEXT[place + 1 :])


def test_a_wrong_letter_in_the_middle_is_called_a_typing_error() -> None:
    middle = len(TEXT) // 2
    wrong = TEXT[middle + 1] + TEXT[middle]
    assert wrong != TEXT[middle : middle + 2]
    with pytest.raises(InviteError, match="typing error"):
        Invite.parse(TEXT[:middle] + wrong + TEXT[middle + 2 :])


@pytest.mark.parametrize("sign", ["*", "\u00e9", "="])
def test_a_sign_that_no_invite_has_is_refused(sign: str) -> None:
    with pytest.raises(InviteError, match="copy it once more"):
        Invite.parse(TEXT[:20] + sign + TEXT[21:])


def test_another_form_of_invite_asks_for_the_same_version() -> None:
    with pytest.raises(InviteError, match=r"form 2 .* form 1.*version"):
        Invite.parse(sealed(2, {"anything": "new"}))


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        [INVITE.session, INVITE.host],
        [INVITE.session, INVITE.host, []],
        [INVITE.session, "UPPER", ["a:1"]],
        [5, INVITE.host, ["a:1"]],
        [INVITE.session, INVITE.host, [7777]],
    ],
)
def test_a_sound_checksum_around_nonsense_is_refused(body: object) -> None:
    with pytest.raises(InviteError, match="makes no sense"):
        Invite.parse(sealed(1, body))


def test_an_endless_text_is_refused_unread() -> None:
    with pytest.raises(InviteError, match="too long"):
        Invite.parse("p2pnet:" + "A" * 100_000)


@given(st.text())
def test_any_text_is_an_invite_or_an_invite_error(text: str) -> None:
    for candidate in (text, "p2pnet:" + text):
        with pytest.raises(InviteError):
            Invite.parse(candidate)


@given(st.binary(max_size=80))
def test_any_bytes_are_an_invite_or_an_invite_error(data: bytes) -> None:
    with pytest.raises(InviteError):
        Invite.parse("p2pnet:" + urlsafe_b64encode(data).decode().rstrip("="))


def test_the_checksum_covers_the_version() -> None:
    data = bytearray(urlsafe_b64decode(TEXT[7:] + "=" * (-len(TEXT[7:]) % 4)))
    data[0] = 9
    with pytest.raises(InviteError, match="typing error"):
        Invite.parse("p2pnet:" + urlsafe_b64encode(bytes(data)).decode().rstrip("="))


def test_what_is_no_text_is_no_invite_to_be_read() -> None:
    with pytest.raises(InviteError, match="is a text, not 5"):
        Invite.parse(5)  # type: ignore[arg-type]
