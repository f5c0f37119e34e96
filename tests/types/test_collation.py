"""Weights and order of characters, as recorded from a MariaDB 10.11."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import pytest

from minidb.errors import Error
from minidb.types.collation import check_pair, collation_names, default_collation, get_collation

GOLDEN = Path(__file__).parent.parent / "golden" / "types"
WEIGHTS = json.loads((GOLDEN / "weights.json").read_text(encoding="utf-8"))
ORDER = json.loads((GOLDEN / "order.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_of_characters(name: str) -> None:
    fold = get_collation(name).fold
    wrong = {char: (ord(fold(char)), weight) for char, weight in WEIGHTS[name].items() if fold(char) != chr(weight)}
    assert not wrong


@pytest.mark.parametrize("name", WEIGHTS)
def test_the_key_of_ascii_text_agrees_with_its_weights(name: str) -> None:
    collation = get_collation(name)
    for code in range(33, 127):
        text = f"a{chr(code)}é"
        assert collation.key(chr(code)) == collation.fold(chr(code))
        assert collation.key(text)[:2] == collation.fold(text)[:2]


@pytest.mark.parametrize("name", ORDER)
def test_order_and_equality_of_words(name: str) -> None:
    key = get_collation(name).key
    words = [word for group in ORDER[name] for word in group]
    found = [sorted(group) for _, group in groupby(sorted(words, key=key), key=key)]
    assert found == [sorted(group) for group in ORDER[name]]


def test_trailing_spaces() -> None:
    for name in collation_names():
        collation = get_collation(name)
        assert (collation.key("a  ") == collation.key("a")) is collation.pad_space, name


def test_characters_beyond_the_first_plane_are_equal_in_general_ci() -> None:
    key = get_collation("utf8mb4_general_ci").key
    assert key("😀") == key("😁")
    bin_key = get_collation("utf8mb4_bin").key
    assert bin_key("😀") != bin_key("😁")


def test_names() -> None:
    assert get_collation("UTF8_general_ci").name == "utf8mb3_general_ci"
    assert get_collation(None).name == "utf8mb4_general_ci"
    assert default_collation("latin1").name == "latin1_swedish_ci"
    assert check_pair(None, "latin1_bin") == ("latin1", "latin1_bin")
    assert check_pair("utf8", None) == ("utf8mb3", "utf8mb3_general_ci")
    for code, pair in ((1115, ("klingon", None)), (1273, (None, "klingon_ci")), (1253, ("latin1", "utf8mb4_bin"))):
        with pytest.raises(Error) as caught:
            check_pair(*pair)
        assert caught.value.code == code
