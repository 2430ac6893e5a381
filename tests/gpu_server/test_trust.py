"""Code of a shared registry runs only where somebody whom the site trusts has signed it."""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.packages import write_package
from filmgate.errors import ConfigError, StorageError, UntrustedError
from filmgate_server.registry.inventory import Inventory
from filmgate_server.registry.local import load_package
from filmgate_server.registry.records import Release
from filmgate_server.registry.shared import SharedRegistry, open_registry
from filmgate_server.registry.signatures import (
    Publishers,
    load_publisher,
    load_publishers,
    make_publisher,
)
from filmgate_server.registry.trust import Trust


@pytest.fixture
def registry(tmp_path: Path) -> SharedRegistry:
    """Return an empty registry."""
    return open_registry(str(tmp_path / "shared"))


def publish(registry: SharedRegistry, tmp_path: Path, signer: str = "") -> Release:
    """Publish a package with code, signed by *signer* if there is one."""
    key = load_publisher(make_publisher(signer, tmp_path / "keys")[0]) if signer else None
    return registry.publish(write_package(tmp_path / "toy"), signer or "somebody", key)


def trusting(tmp_path: Path, *names: str) -> Trust:
    """Return the trust of a site that has these publishers' public keys."""
    folder = tmp_path / "trusted"
    folder.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(tmp_path / "keys" / f"{name}.pub", folder)
    return Trust(load_publishers(folder))


def test_a_trusted_signature_is_enough(registry: SharedRegistry, tmp_path: Path) -> None:
    """What a trusted publisher has signed may be used, and it is known who that was."""
    release = publish(registry, tmp_path, "ann")
    signatures = registry.inventory().signatures_of(release)
    trusting(tmp_path, "ann").check(release, signatures)
    publishers = load_publishers(tmp_path / "trusted")
    assert publishers.who_signed(bytes.fromhex(release.digest), signatures) == "ann"


def test_code_that_nobody_signed(registry: SharedRegistry, tmp_path: Path) -> None:
    """Without a signature code is refused, unless the site trusts the registry itself."""
    release = publish(registry, tmp_path)
    with pytest.raises(UntrustedError, match=r"toy@1\.0\.0 holds code"):
        Trust(Publishers({})).check(release, {})
    Trust(Publishers({}), everything=True).check(release, {})


def test_a_stranger_s_signature(registry: SharedRegistry, tmp_path: Path) -> None:
    """A good signature by somebody whom the site does not know counts for nothing."""
    release = publish(registry, tmp_path, "eve")
    make_publisher("ann", tmp_path / "keys")
    with pytest.raises(UntrustedError):
        trusting(tmp_path, "ann").check(release, registry.inventory().signatures_of(release))


def test_a_signature_over_something_else(registry: SharedRegistry, tmp_path: Path) -> None:
    """A signature is good for one content: a changed package or a changed signature is refused."""
    release = publish(registry, tmp_path, "ann")
    trust, signatures = trusting(tmp_path, "ann"), registry.inventory().signatures_of(release)
    with pytest.raises(UntrustedError):
        trust.check(replace(release, digest="ab" * 32), signatures)
    forged = {key: bytes([each[0] ^ 1]) + each[1:] for key, each in signatures.items()}
    for wrong in (forged, dict.fromkeys(signatures, b"short")):
        with pytest.raises(UntrustedError):
            trust.check(release, wrong)


def test_a_release_is_signed_later(registry: SharedRegistry, tmp_path: Path) -> None:
    """A site can sign what somebody else has published, without a new version."""
    release = publish(registry, tmp_path)
    secret, _ = make_publisher("security", tmp_path / "keys")
    registry.sign(release, load_publisher(secret))
    signatures = registry.inventory().signatures_of(release)
    trusting(tmp_path, "security").check(release, signatures)


def test_a_package_without_code_needs_no_signature(tmp_path: Path) -> None:
    """Networks that are data alone run nothing of their author's."""
    release = Release("net", "1.0.0", "", (), "ann", 0.0)
    Trust(Publishers({})).check(release, Inventory().signatures_of(release))


@pytest.mark.parametrize("engine", ["torch", "array", "export"])
def test_engines_that_run_code(tmp_path: Path, engine: str) -> None:
    """An exported program counts as code: torch evaluates what it says of sizes."""
    manifest = load_package(write_package(tmp_path / "toy")).manifest
    runtime = dataclasses.replace(manifest.runtime, engine=engine)
    release = Release("net", "1.0.0", "0" * 64, (), "ann", 0.0)
    with pytest.raises(UntrustedError):
        Trust(Publishers({})).check_manifest(
            release, dataclasses.replace(manifest, runtime=runtime), {}
        )


def test_code_by_another_name(registry: SharedRegistry, tmp_path: Path) -> None:
    """A manifest that names code without its suffix needs a signature all the same."""
    path = write_package(tmp_path / "toy", entry="net.txt:Model")
    (path / "model.py").rename(path / "net.txt")
    release = registry.publish(path, "eve")
    trust = Trust(Publishers({}))
    trust.check(release, {})
    with pytest.raises(UntrustedError):
        trust.check_manifest(release, load_package(path).manifest, {})


def test_keys_are_not_written_over(tmp_path: Path) -> None:
    """A new key pair never takes an old one's place, and its secret is its owner's alone."""
    secret, public = make_publisher("ann", tmp_path)
    before = secret.read_bytes()
    with pytest.raises(StorageError):
        make_publisher("ann", tmp_path)
    assert secret.read_bytes() == before
    assert secret.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError):
        load_publisher(public)
    shutil.copy(secret, tmp_path / "wrong.pub")
    with pytest.raises(ConfigError, match=r"wrong\.pub"):
        load_publishers(tmp_path)
