"""A registry in a bucket: AWS, or any store that speaks S3 and honours conditional writes."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import blake3
from boto3.exceptions import Boto3Error
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)

from filmgate.digest import CHUNK_BYTES
from filmgate.errors import (
    ConfigError,
    ConnectionLostError,
    DeniedError,
    IntegrityError,
    StorageError,
)
from filmgate_server.registry.objects import MissingObjectError, TakenError, join_small

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from typing import BinaryIO

SCHEME = "s3://"
RACES_MAX = 8
"""A store may answer 409 instead of 412 while another writer is at it; then we ask again."""

PART_BYTES = 16 << 20
PARTS_MAX = 10_000
PARTS_AT_ONCE = 4

CONNECT_S = 5.0
SILENCE_S = 20.0
"""So long a store may be silent in the middle of an answer."""

_TAKEN = ("PreconditionFailed", "412")
_RACE = ("ConditionalRequestConflict", "409")
_MISSING = ("NoSuchKey", "404", "NotFound")
_NO_BUCKET = "NoSuchBucket"
_UNREACHED = (EndpointConnectionError, ConnectTimeoutError)
_ENDPOINT_REMEDY = (
    "Check the network, and the store's address: --endpoint or FILMGATE_SERVER_REGISTRY_ENDPOINT."
)
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_CREDENTIALS_REMEDY = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, where the command or the "
    "server runs."
)
_SEALED = ("InvalidObjectState", "InvalidRequest")
_DENIED = (
    *("403", "AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    *("ExpiredToken", "InvalidToken"),
)


class S3Store:
    """See `filmgate_server.registry.objects.ObjectStore`; a key is an object below a prefix.

    Credentials come from where boto3 looks for them: environment, profile, instance role.

    Args:
        address: ``s3://bucket/prefix``.
        endpoint: of a store that is not AWS, for example ``https://s3.studio.example``.
        silence_s: how long it may be silent in the middle of an answer.

    Raises:
        ConfigError: *address* names no bucket, or the endpoint is no address.
    """

    def __init__(self, address: str, endpoint: str = "", silence_s: float = SILENCE_S) -> None:
        self._bucket, _, prefix = address.removeprefix(SCHEME).partition("/")
        if not address.startswith(SCHEME) or not self._bucket:
            raise ConfigError(f"{address!r} is not a registry.", "Write it as s3://bucket/prefix.")
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        try:
            self._client: Any = Session().client(
                "s3", endpoint_url=endpoint or None, config=_config(silence_s)
            )
        except (BotoCoreError, ValueError) as error:
            raise ConfigError(f"The registry {address} cannot be used: {error}.") from error

    def read(self, key: str) -> bytes:
        """Return a small object."""
        return join_small(key, self.stream(key))

    def stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        """Yield an object's content from *offset* on."""
        with self._errors(key):
            span = {"Range": f"bytes={offset}-"} if offset else {}
            yield from self._get(key, **span)["Body"].iter_chunks(CHUNK_BYTES)

    def create(self, key: str, content: bytes) -> None:
        """Write a small object, unless there is one of that name."""
        for _ in range(RACES_MAX):
            try:
                self._put(key, content)
            except _RaceError:
                continue
            except _RepeatedError:
                # The answer to our first attempt was lost: the object may be our own.
                if self.read(key) != content:
                    raise TakenError(f"{key} has been written already.") from None
            return
        raise StorageError(f"Others keep writing {key} at the same time.")

    def upload(self, key: str, path: Path, digest: str) -> None:
        """Write a file's content, unless it is there already; a large one goes in parts."""
        with self._local_errors(path):
            size_bytes = path.stat().st_size
            if self._is_there(key, size_bytes):
                return
            for _ in range(RACES_MAX):
                try:
                    if size_bytes > PART_BYTES:
                        self._upload_parts(key, path, size_bytes, digest)
                    else:
                        self._upload_whole(key, path, digest)
                except _RaceError:
                    continue
                except (TakenError, _RepeatedError):
                    pass  # another publisher was faster; the content is the same
                return
        raise StorageError(f"Others keep writing {key} at the same time.")

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below the folder *prefix*, sorted."""
        with self._errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            found = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return sorted(key.removeprefix(self._prefix) for key in found)

    def _get(self, key: str, **span: str) -> Any:
        return self._client.get_object(**self._place(key), **span)

    def _put(self, key: str, content: bytes) -> None:
        with self._errors(key):
            self._client.put_object(
                **self._place(key), Body=content, ContentMD5=_md5(content), IfNoneMatch="*"
            )

    def _is_there(self, key: str, size_bytes: int) -> bool:
        try:
            with self._errors(key):
                there = self._client.head_object(**self._place(key))
        except MissingObjectError:
            return False
        if there["ContentLength"] != size_bytes:
            raise IntegrityError(f"The registry's file {key} has been damaged.")
        return True

    def _upload_whole(self, key: str, path: Path, digest: str) -> None:
        content = path.read_bytes()
        _check(path, blake3.blake3(content).hexdigest(), digest)
        self._put(key, content)

    def _upload_parts(self, key: str, path: Path, size_bytes: int, digest: str) -> None:
        """Upload in parts, and let the object appear only when they are what they should be."""
        with self._errors(key):
            started = self._client.create_multipart_upload(**self._place(key))
            upload = {**self._place(key), "UploadId": started["UploadId"]}
            try:
                with path.open("rb") as file:
                    parts, found = self._send_parts(file, upload, size_bytes)
                _check(path, found, digest)
                self._client.complete_multipart_upload(
                    **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
                )
            except BaseException:  # whatever it was, parts that stay would be paid for
                self._abort(upload)
                raise

    def _send_parts(
        self, file: BinaryIO, upload: dict[str, str], size_bytes: int
    ) -> tuple[list[dict[str, Any]], str]:
        """Return the parts' tags in order, and the blake3 of everything."""
        part_bytes, hasher = max(PART_BYTES, -(-size_bytes // PARTS_MAX)), blake3.blake3()
        tags: list[str] = []
        with ThreadPoolExecutor(PARTS_AT_ONCE) as senders:
            while pieces := _read_pieces(file, part_bytes):
                sent = [
                    senders.submit(self._send_part, upload, len(tags) + place, piece)
                    for place, piece in enumerate(pieces, 1)
                ]
                for piece in pieces:
                    hasher.update(piece)
                tags += [each.result() for each in sent]
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        return parts, hasher.hexdigest()

    def _send_part(self, upload: dict[str, str], number: int, piece: bytes) -> str:
        answer = self._client.upload_part(
            **upload, PartNumber=number, Body=piece, ContentMD5=_md5(piece)
        )
        return str(answer["ETag"])

    def _abort(self, upload: dict[str, str]) -> None:
        # The bucket's lifecycle rule removes what is left; the first error says more.
        with suppress(ClientError, BotoCoreError):
            self._client.abort_multipart_upload(**upload)

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}

    @contextmanager
    def _errors(self, key: str) -> Generator[None]:
        try:
            yield
        except ClientError as error:
            raise self._typed(key, error) from error
        except _UNREACHED as error:
            raise ConnectionLostError(f"{error}.", _ENDPOINT_REMEDY) from error
        except _NO_CREDENTIALS as error:
            text = f"The registry's store wants credentials: {error}."
            raise DeniedError(text, _CREDENTIALS_REMEDY) from error
        except (BotoCoreError, Boto3Error) as error:
            raise StorageError(f"The registry's store fails at {key}: {error}.") from error

    @contextmanager
    def _local_errors(self, path: Path) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(f"{path} cannot be read ({error.strerror}).") from error

    def _typed(self, key: str, error: ClientError) -> Exception:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _TAKEN:
            metadata: dict[str, Any] = dict(error.response.get("ResponseMetadata", {}))
            again = metadata.get("RetryAttempts", 0) > 0
            return _RepeatedError() if again else TakenError(f"{key} has been written already.")
        if code in _RACE:
            return _RaceError()
        if code == _NO_BUCKET:
            text = f"There is no bucket {self._bucket!r} where the registry should be."
            return ConfigError(text, "Check the registry's address and its endpoint.")
        if code in _MISSING:
            return MissingObjectError(f"The registry has no {key}.")
        if code in _DENIED:
            text = f"The registry's store does not let us use {key} ({code})."
            return DeniedError(text, "Check the access key and its rights on the bucket.")
        if code in _SEALED:
            text = f"The registry's store does not hand out {key} ({code})."
            return DeniedError(text, "It may be archived, or encrypted with a key of its own.")
        return StorageError(f"The registry's store fails at {key} ({code}).")


class _RaceError(Exception):
    """Another writer is at the same object; it is not known yet who was first."""


class _RepeatedError(Exception):
    """The object is there, after an attempt of ours whose answer never came."""


def _read_pieces(file: BinaryIO, part_bytes: int) -> list[bytes]:
    """Return the next parts, as many as are sent at once."""
    pieces = (file.read(part_bytes) for _ in range(PARTS_AT_ONCE))
    return [piece for piece in pieces if piece]


def _md5(content: bytes) -> str:
    """Return what a store holds an arriving body against: some keep one that was cut short."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _check(path: Path, found: str, digest: str) -> None:
    if found != digest:
        raise IntegrityError(f"{path} was changed while it was published.")


def _config(silence_s: float) -> Config:
    return Config(
        connect_timeout=CONNECT_S,
        read_timeout=silence_s,
        retries={"mode": "standard", "max_attempts": 4},
        # Stores other than AWS refuse the checksums that boto3 adds unasked.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
