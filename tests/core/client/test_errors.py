"""Errors and how they travel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from filmgate import errors
from filmgate.errors import (
    BusyError,
    DamagedImageError,
    FilmgateError,
    ImageError,
    ParameterError,
    RequestError,
    error_from_wire,
)


def tree(root: type[FilmgateError] = FilmgateError) -> Iterator[type[FilmgateError]]:
    """Yield every error of the tree."""
    yield root
    for branch in root.__subclasses__():
        if branch.__module__ == errors.__name__:
            yield from tree(branch)


def test_codes_are_unique() -> None:
    """No two errors share a code, or a client would rebuild the wrong one."""
    codes = [kind.code for kind in tree()]
    assert len(set(codes)) == len(codes)


def test_every_error_has_a_remedy() -> None:
    """Whoever reads an error is told what to do."""
    assert all(str(kind("It failed.")) == f"It failed. {kind.default_remedy}" for kind in tree())
    assert all(kind.default_remedy.endswith(".") for kind in tree())


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.code)
def test_errors_survive_the_wire(kind: type[FilmgateError]) -> None:
    """Code, text, remedy and detail rebuild the same class with the same content."""
    sent = kind("It failed.", "Do this.", {"size": 3})
    arrived = error_from_wire(sent.code, sent.text, sent.remedy, sent.detail)
    assert type(arrived) is kind
    assert (arrived.text, arrived.remedy, arrived.detail) == ("It failed.", "Do this.", {"size": 3})


def test_unknown_code_is_kept() -> None:
    """An error of a newer server keeps its code, text and detail."""
    error = error_from_wire("from_the_future", "It failed.", "", {"size": 3})
    assert type(error) is FilmgateError
    assert error.detail == {"size": 3, "code": "from_the_future"}
    assert error.text == "It failed."


def test_parents_catch_their_children() -> None:
    """Code that handles a kind of error handles its special cases."""
    assert issubclass(DamagedImageError, ImageError)
    assert issubclass(ParameterError, RequestError)
    assert BusyError.retryable
    assert not ParameterError.retryable


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """The drawn tree names every error with its code."""
    drawn = dict(
        line.replace("|", " ").replace("+--", " ").split()[:2]
        for line in (errors.__doc__ or "").splitlines()
        if "Error " in line and line.startswith("    ")
    )
    assert drawn == {kind.__name__: kind.code for kind in tree()}
