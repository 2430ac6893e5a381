"""Which OCIO config a job gets, and what counts for its show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakes.ocio import archive
from filmgate.digest import digest_bytes, digest_text
from filmgate.errors import ColourError, ConfigError
from filmgate.wire.records import OCIOZ_MEDIA, PINNED_CONFIG, BlobRef, ColourSpec
from filmgate_server.config import load_server_config
from filmgate_server.jobs.configs import OCIOZ_BYTES_MAX, Configs, load_configs
from filmgate_server.pool.messages import ColourOrder

DIGEST = digest_bytes(archive())
REFERENCE = digest_text(DIGEST)
CAME_ALONG = BlobRef("ocio", DIGEST, 1000, OCIOZ_MEDIA)
CG = "ocio://cg-config-v2.1.0_aces-v1.3_ocio-v2.3"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return an archive on the server's disk."""
    path = tmp_path / "studio.ocioz"
    path.write_bytes(archive())
    return path


@pytest.fixture
def configs(path: Path) -> Configs:
    """Return a server's configs: one registered, which is a show's."""
    return load_configs({"studio": path}, "", {"hydra": "studio"}, "ACEScg", {"hydra": "light"})


def test_without_a_word_the_pinned_config_counts(configs: Configs) -> None:
    """No job and no setting names one: the built-in, by its version."""
    assert configs.order("film", ColourSpec(), ()) == ColourOrder("", "", "ACEScg", PINNED_CONFIG)
    assert Configs().order("film", ColourSpec(), ()) == ColourOrder(config=PINNED_CONFIG)


def test_a_shows_config_and_space(configs: Configs, path: Path) -> None:
    """The settings of a show count for it alone, and a job's words before them."""
    assert configs.order("hydra", ColourSpec(), ()) == ColourOrder(
        "", "", "light", REFERENCE, str(path)
    )
    said = ColourSpec("ACEScct", "ACEScg", CG)
    assert configs.order("hydra", said, ()) == ColourOrder("ACEScct", "ACEScg", "light", CG, "", CG)


def test_names_and_digests_lead_to_one_config(configs: Configs, path: Path) -> None:
    """A registered config has the same reference by its name, by its digest, and sent along."""
    named = configs.order("film", ColourSpec(config="studio"), ())
    digested = configs.order("film", ColourSpec(config=REFERENCE), ())
    sent = configs.order("film", ColourSpec(config=REFERENCE), (CAME_ALONG,))
    assert named.config == digested.config == sent.config == REFERENCE
    assert (named.path, digested.path, sent.path) == (str(path), str(path), "")


@pytest.mark.parametrize(
    ("config", "inputs", "word"),
    [
        ("studi", (), "studi"),
        ("ocio://default", (), "ocio://default"),
        ("ocio://studio-config-latest", (), "latest"),
        ("/etc/ocio/config.ocio", (), "/etc/ocio"),
        (digest_text(bytes(32)), (), "not here"),
        ("", (CAME_ALONG,), "does not name"),
        ("studio", (CAME_ALONG,), "does not name"),
        (digest_text(bytes(32)), (CAME_ALONG,), "does not name"),
        (REFERENCE, (BlobRef("color", DIGEST, 10, OCIOZ_MEDIA),), "does not name"),
        (REFERENCE, (BlobRef("ocio", DIGEST, OCIOZ_BYTES_MAX + 1, OCIOZ_MEDIA),), "beyond 64 MiB"),
        (REFERENCE, (BlobRef("ocio", DIGEST, 0, OCIOZ_MEDIA),), "empty"),
    ],
    ids=range(11),
)
def test_what_does_not_fit_is_refused(
    configs: Configs, config: str, inputs: tuple[BlobRef, ...], word: str
) -> None:
    """Unknown names, configs that move, paths, and archives that nobody named are errors."""
    with pytest.raises(ColourError, match=word):
        configs.order("film", ColourSpec(config=config), inputs)


def test_a_digest_that_is_none_is_refused(configs: Configs) -> None:
    """Text that only begins like a digest is an error of the request."""
    with pytest.raises(Exception, match="digest") as caught:
        configs.order("film", ColourSpec(config="blake3:4c"), ())
    assert getattr(caught.value, "code", "") == "request"


@pytest.mark.parametrize(
    "settings",
    [
        {"default_config": "nowhere"},
        {"show_configs": "hydra=nowhere"},
        {"default_config": "ocio://studio-config-latest"},
    ],
    ids=str,
)
def test_settings_that_name_nothing_end_the_start(settings: dict[str, Any]) -> None:
    """A server does not start with a show whose config there is not."""
    config = load_server_config(settings)
    with pytest.raises(ConfigError, match="OCIO config"):
        load_configs(
            config.ocio_configs,
            config.default_config,
            config.show_configs,
            config.default_space,
            config.show_spaces,
        )


def test_settings_are_tables_and_texts(path: Path, tmp_path: Path) -> None:
    """What the file says as a table, an option and a variable say as NAME=VALUE."""
    file = tmp_path / "server.toml"
    file.write_text(
        f'show_spaces = {{hydra = "ACEScg"}}\nocio_configs = {{studio = "{path.as_posix()}"}}\n',
        encoding="utf-8",
    )
    said = {"show_spaces": "hydra=ACEScg", "ocio_configs": f"studio={path}"}
    told, written = load_server_config(said), load_server_config({}, file)
    assert told.show_spaces == written.show_spaces == {"hydra": "ACEScg"}
    assert told.ocio_configs == written.ocio_configs == {"studio": path.resolve()}
    two = load_server_config({"show_spaces": "hydra=Linear Rec.709 (sRGB), film = ACEScg,"})
    assert two.show_spaces == {"hydra": "Linear Rec.709 (sRGB)", "film": "ACEScg"}


@pytest.mark.parametrize("text", ["hydra", "hydra=", "=ACEScg", "a=b,c"])
def test_tables_that_are_none_are_named(text: str) -> None:
    """A mistake names the option."""
    with pytest.raises(ConfigError, match="--show-spaces"):
        load_server_config({"show_spaces": text})


def test_a_config_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A registered archive must exist when the server starts."""
    with pytest.raises(ConfigError, match="--ocio-configs"):
        load_server_config({"ocio_configs": f"studio={tmp_path / 'none.ocioz'}"})
