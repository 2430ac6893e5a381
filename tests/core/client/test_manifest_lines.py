"""Errors of a manifest name the line of the file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.errors import ManifestError
from filmgate.manifest.lines import find_line, syntax_error, with_line

TEXT = '''title.sub = 1
[model]                  # the head
name = "x ] [ # no"
help = """
[geometry]
scale = "1" it's
"""
words = '''

TEXT += """'''
[model]
name = 3 '''  # [[inputs]]
list = [
  "a", # ] one
  [1, 2],
  "[[inputs]]",
]

  [[inputs]]
name = "a"
"role" = 'b'
[inputs.sub]
x . y = 1
[[ inputs ]]
name = "c"
[geometry]
scale = 2
[tests.inputs]
color = "a"
[["tests.x"]]
a = { b = [ 1,
  2 ], c = "}" }
end = 1
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title", "sub"), 1),
        (("title",), 1),
        (("model",), 2),
        (("model", "name"), 3),
        (("model", "help"), 4),
        (("model", "words"), 8),
        (("model", "list"), 11),
        (("model", "list", 2), 11),
        (("model", "absent"), 2),
        (("inputs",), 17),
        (("inputs", 0), 17),
        (("inputs", 0, "name"), 18),
        (("inputs", 0, "role"), 19),
        (("inputs", 0, "sub", "x", "y"), 21),
        (("inputs", 1), 22),
        (("inputs", 1, "name"), 23),
        (("inputs", 1, "hdr"), 22),
        (("inputs", 2, "name"), 0),
        (("geometry", "scale"), 25),
        (("tests", "inputs"), 26),
        (("tests", "inputs", "color"), 27),
        (("tests.x", 0, "a"), 29),
        (("tests.x", 0, "end"), 31),
        (("absent",), 0),
        ((), 0),
    ],
)
def test_lines_are_found(path: tuple[str | int, ...], line: int) -> None:
    """Each key has its line, also behind texts and lists that look like tables."""
    assert find_line(TEXT, path) == line


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=20), st.data())
def test_any_text_is_read(lines: list[str], data: st.DataObject) -> None:
    """Whatever a file holds, a line of it is named, or none."""
    text = "\n".join(lines)
    path = data.draw(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2)))
    assert 0 <= find_line(text, path) <= len(lines) + 1


def test_an_error_gets_file_and_line() -> None:
    """The line stands in front of the text, and in the detail for programs."""
    detail: dict[str, Any] = {"table": "inputs", "row": 1, "key": "name"}
    error = with_line(ManifestError("It is wrong.", "Mend it.", detail), TEXT, "model.toml")
    assert error.text == "model.toml, line 23: It is wrong."
    assert error.remedy == "Mend it."
    assert error.detail["line"] == 23


def test_an_error_of_no_place_names_no_line() -> None:
    """What is missing as a whole stands nowhere."""
    found = with_line(ManifestError("Wrong.", "Mend it."), TEXT, "model.toml")
    assert (found.text, found.remedy) == ("model.toml: Wrong.", "Mend it.")


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (
            "Expected '=' after a key (at line 3, column 5)",
            "model.toml, line 3: this is not TOML: Expected '=' after a key (column 5).",
        ),
        ("Invalid (at end of document)", "model.toml is not TOML: Invalid (at end of document)."),
    ],
)
def test_syntax_errors_name_the_line(reason: str, text: str) -> None:
    """What TOML's reader says of the place becomes the same form."""
    assert syntax_error(ValueError(reason), "model.toml").text == text
