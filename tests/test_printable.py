"""Names from other people are text on the terminal and nothing else."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from hipcv.printable import printable, printable_lines

#: C0 and C1 controls, marks that turn the reading direction, separators of lines and paragraphs.
COMMANDS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@given(text=st.text(st.characters()))
def test_nothing_that_commands_a_terminal_is_left(text: str) -> None:
    assert not COMMANDS.search(printable(text))


@given(text=st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))))
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(value=st.dictionaries(st.text(), st.text()))
def test_printed_json_stays_the_same_json(value: dict[str, str]) -> None:
    assert json.loads(printable_lines(json.dumps(value, indent=2, ensure_ascii=False))) == value


def test_words_of_every_script_are_spelled_as_they_were() -> None:
    for word in ("Jürgen 30°", "می‌خواهم", "ක්‍රී", "👩‍⚕️", "−5.2"):
        assert printable(word) == word
