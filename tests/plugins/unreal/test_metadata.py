"""What an accepted asset says of itself."""

from __future__ import annotations

from typing import Any

ROCK = "/Game/T_Rock"


def record(**said: Any) -> Any:
    """Return a record."""
    from filmgate_unreal.metadata import Record  # noqa: PLC0415

    return Record(**{"model": "echo@blake3:12", "target": ROCK, **said})


def test_what_is_written_is_read(unreal: Any, texture: Any) -> None:
    """Every field comes back as it was."""
    from filmgate_unreal import metadata  # noqa: PLC0415

    made = texture(ROCK, {"R": [0.0] * 4}, 2)
    said = record(params='{"seed": 7}', seed="7", inputs="{}", work_key="ab", kept="{}")
    metadata.write(made, said)
    assert metadata.read(ROCK) == said
    assert said.settings == {"seed": 7}


def test_an_asset_of_other_hands_says_nothing(unreal: Any, texture: Any) -> None:
    """Neither do assets that do not exist."""
    from filmgate_unreal import metadata  # noqa: PLC0415

    texture(ROCK, {"R": [0.0] * 4}, 2)
    assert (metadata.read(ROCK), metadata.read("/Game/Nothing")) == (None, None)


def test_tags_that_were_changed_by_hand_are_no_parameters(unreal: Any) -> None:
    """The model's defaults count then."""
    for text in ("{", "7", "[1]", ""):
        assert record(params=text).settings == {}


def test_tags_mark_the_asset_and_nothing_else(session: Any, unreal: Any, texture: Any) -> None:
    """They are saved with it."""
    from filmgate_unreal import metadata  # noqa: PLC0415

    metadata.write(texture(ROCK, {"R": [0.0] * 4}, 2), record())
    tags = [name for held in session.metadata.values() for name in held]
    assert tags
    assert all(name.startswith("filmgate_") for name in tags)


def test_tags_go_where_their_asset_goes(unreal: Any, texture: Any) -> None:
    """The package keeps them: an asset that was moved can be made again."""
    from filmgate_unreal import metadata  # noqa: PLC0415

    metadata.write(texture(ROCK, {"R": [0.0] * 4}, 2), record())
    assert unreal.EditorAssetLibrary.rename_asset(ROCK, "/Game/Moved/T_Rock")
    assert metadata.read("/Game/Moved/T_Rock") == record()
    texture(ROCK, {"R": [0.0] * 4}, 2)
    assert metadata.read(ROCK) is None
