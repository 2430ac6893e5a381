"""Who vouches for a package: Ed25519 signatures over its digest.

For the command line: `make_publisher` writes a new key pair, `load_publisher` reads the secret
half, and `SharedRegistry.publish` and `sign` take it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import blake3
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from filmgate.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECRET_SUFFIX = ".key"  # noqa: S105 - the end of a file's name
PUBLIC_SUFFIX = ".pub"
_CONTEXT = b"filmgate model package v1\n"
"""What the key signs is only ever a package: the same key may serve elsewhere."""

_KEY_ID_CHARACTERS = 32


@dataclass(frozen=True)
class PublisherKey:
    """The secret half of a publisher's key."""

    secret: Ed25519PrivateKey

    @property
    def key_id(self) -> str:
        """What the public half is known by."""
        return _key_id(self.secret.public_key())

    def sign(self, digest: bytes) -> bytes:
        """Return the signature over a package's digest."""
        return self.secret.sign(_CONTEXT + digest)


def make_publisher(name: str, folder: Path) -> tuple[Path, Path]:
    """Write a new key pair into *folder*, as PEM: ``<name>.key`` for its owner, ``<name>.pub``.

    Returns:
        The secret and the public file; the latter goes into each site's ``trusted_publishers``.

    Raises:
        StorageError: a file is there already, or cannot be written.
    """
    secret = Ed25519PrivateKey.generate()
    secret_path, public_path = folder / f"{name}{SECRET_SUFFIX}", folder / f"{name}{PUBLIC_SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_new(secret_path, _secret_pem(secret), 0o600)
        _write_new(public_path, _public_pem(secret.public_key()), 0o644)
    except OSError as error:
        raise StorageError(f"{error.filename} cannot be written ({error.strerror}).") from error
    return secret_path, public_path


def load_publisher(path: Path) -> PublisherKey:
    """Read the secret half of a publisher's key.

    Raises:
        ConfigError: it cannot be read, or is no such key.
    """
    try:
        secret = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"The publisher's key {path} cannot be read: {error}.") from error
    if not isinstance(secret, Ed25519PrivateKey):
        raise ConfigError(f"{path} is no Ed25519 key.", "Make one: `filmgate keys publisher`.")
    return PublisherKey(secret)


class Publishers:
    """The publishers whom a site trusts.

    Args:
        keys: each one's name and public key, by the key's id.
    """

    def __init__(self, keys: Mapping[str, tuple[str, Ed25519PublicKey]]) -> None:
        self._keys = dict(keys)

    def who_signed(self, digest: bytes, signatures: Mapping[str, bytes]) -> str:
        """Return the name of a trusted publisher who has signed *digest*; empty if none has.

        Args:
            digest: of the package.
            signatures: by the id of the key that each is said to be made with.
        """
        for key_id, signature in sorted(signatures.items()):
            name, key = self._keys.get(key_id, ("", None))
            if key is not None and _is_valid(key, signature, digest):
                return name
        return ""


def load_publishers(folder: Path | None) -> Publishers:
    """Read every ``*.pub`` of *folder*; None trusts nobody.

    Raises:
        ConfigError: one of them cannot be read.
    """
    paths = sorted(folder.glob(f"*{PUBLIC_SUFFIX}")) if folder is not None else []
    keys = {path: _load_public(path) for path in paths}
    return Publishers({_key_id(key): (path.stem, key) for path, key in keys.items()})


def _load_public(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"The trusted publisher {path} cannot be read: {error}.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path} is no Ed25519 key.")
    return key


def _is_valid(key: Ed25519PublicKey, signature: bytes, digest: bytes) -> bool:
    try:
        key.verify(signature, _CONTEXT + digest)
    except InvalidSignature:
        return False
    return True


def _key_id(key: Ed25519PublicKey) -> str:
    return blake3.blake3(key.public_bytes_raw()).hexdigest()[:_KEY_ID_CHARACTERS]


def _secret_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _write_new(path: Path, content: bytes, mode: int) -> None:
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(content)
