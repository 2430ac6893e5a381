"""Every error Filmgate raises: a wire-stable code, a text for artists and a remedy.

The tree::

    FilmgateError            internal
    +-- ConfigError          config
    +-- ProtocolError        protocol          the other side broke the wire's rules
    |   +-- VersionError     version           no protocol version in common
    |   +-- UnknownSessionError unknown_session say hello again
    |   +-- CreditError      credit            more bytes than were granted
    +-- ConnectionLostError  connection        the server cannot be reached
    +-- BusyError            busy              not accepted now; try again after a while
    +-- DeniedError          denied            this user may not do that
    +-- RequestError         request           the request itself is wrong
    |   +-- UnsupportedError unsupported       a format or wish that nobody here knows
    |   |   +-- UnsupportedKindError unsupported_kind
    |   |   +-- UnsupportedFieldError unsupported_field
    |   +-- UnknownJobError  unknown_job
    |   +-- UnknownBlobError unknown_blob
    |   +-- UnknownModelError unknown_model
    |   |   +-- RetiredModelError retired_model
    |   +-- ParameterError   parameter
    |   +-- InputError       input             an input is missing or does not fit
    |   +-- ColourError      colour            a colour space or config that cannot be used
    +-- ImageError           image             a file that cannot be used as an image
    |   +-- DamagedImageError damaged_image
    |   +-- ImageTooLargeError image_too_large
    |   +-- UnsupportedImageError unsupported_image
    |   +-- LayerError       layer             no such layer in the file
    +-- ManifestError        manifest          a model package that cannot be used
    |   +-- UntrustedError   untrusted         code that nobody here vouches for
    +-- IntegrityError       integrity         bytes are not what their digest says
    +-- StorageError         storage           a disk or a memory is full or failing
    +-- ModelError           model             the model itself failed
    |   +-- DeviceMemoryError device_memory    not even the smallest tile fits
    |   +-- QuarantinedError quarantined       the frame that workers die of
    +-- CancelledError       cancelled
    |   +-- SupersededError  superseded        a newer job took its place
    +-- ExpiredError         expired
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class FilmgateError(Exception):
    """Base of every error we raise; *code* is wire-stable, the text is for artists.

    Args:
        text: what went wrong, in a sentence for artists.
        remedy: what the reader can do about it; the class has a default.
        detail: small facts for programs (numbers, names); they travel with the error.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    default_remedy: ClassVar[str] = "Send the error's id to the people who run the server."

    def __init__(
        self, text: str, remedy: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(text)
        self.text = text
        self.remedy = remedy or self.default_remedy
        self.detail: dict[str, Any] = dict(detail or {})

    def __str__(self) -> str:
        """Return the text and the remedy, as an artist should read them."""
        return f"{self.text} {self.remedy}".strip()


class ConfigError(FilmgateError):
    """A setting has a value that cannot be used."""

    code = "config"
    default_remedy = "Run `filmgate doctor` to see each setting and where it comes from."


class ProtocolError(FilmgateError):
    """The other side broke the rules of the wire."""

    code = "protocol"
    default_remedy = "Check that this port belongs to a Filmgate server of a matching version."


class VersionError(ProtocolError):
    """Client and server share no version of the protocol."""

    code = "version"
    default_remedy = "Update the older of the two."


class UnknownSessionError(ProtocolError):
    """A message came from a connection that has not said hello."""

    code = "unknown_session"
    retryable = True
    default_remedy = "Say hello again on a new connection."


class CreditError(ProtocolError):
    """A peer sent more bytes than it was granted."""

    code = "credit"
    default_remedy = "Send pixels only within the credit that the other side granted."


class ConnectionLostError(FilmgateError):
    """The server cannot be reached."""

    code = "connection"
    retryable = True
    default_remedy = "Check that the server runs (`filmgate status`) and that the address is right."


class BusyError(FilmgateError):
    """The server does not take the work now."""

    code = "busy"
    retryable = True
    default_remedy = "Wait a moment and submit again."


class DeniedError(FilmgateError):
    """This user may not do that."""

    code = "denied"
    default_remedy = "Ask the people who run the server for access."


class RequestError(FilmgateError):
    """The request itself is wrong; sending it again will not help."""

    code = "request"
    default_remedy = "Correct the request."


class UnsupportedError(RequestError):
    """A field, message kind or format that this version does not know."""

    code = "unsupported"
    default_remedy = "Update the side that does not know it."


class UnsupportedKindError(UnsupportedError):
    """A message of a kind that this version does not know."""

    code = "unsupported_kind"


class UnsupportedFieldError(UnsupportedError):
    """A field that would change the pixels and that this version does not know."""

    code = "unsupported_field"


class UnknownJobError(RequestError):
    """The server knows no such job of this user."""

    code = "unknown_job"
    default_remedy = "Submit the job again."


class UnknownBlobError(RequestError):
    """The server holds no such content for this show."""

    code = "unknown_blob"
    default_remedy = "Ask for the job again: the server computes what it has lost."


class UnknownModelError(RequestError):
    """No such model or version is published."""

    code = "unknown_model"
    default_remedy = "Choose a model that the server offers."


class RetiredModelError(UnknownModelError):
    """The version was published and has been taken out of use."""

    code = "retired_model"
    default_remedy = "Choose a version that the server offers."


class ParameterError(RequestError):
    """A parameter is unknown, of the wrong type or out of range."""

    code = "parameter"
    default_remedy = "Use a parameter that the model has, with a value that fits."


class InputError(RequestError):
    """An input is missing, unknown or does not fit the others."""

    code = "input"
    default_remedy = "Look at which inputs the model has, and what they need."


class ColourError(RequestError):
    """A colour space is unknown, or a colour config cannot be used."""

    code = "colour"
    default_remedy = "Name a colour space of the config; docs/colour.md says which config counts."


class ImageError(FilmgateError):
    """A file cannot be used as an image."""

    code = "image"
    default_remedy = "Open the file in an image viewer and write it again."


class DamagedImageError(ImageError):
    """The file is truncated or its content is broken."""

    code = "damaged_image"
    default_remedy = "Render or copy the frame again."


class ImageTooLargeError(ImageError):
    """The header promises more pixels, channels or bytes than the limits allow."""

    code = "image_too_large"
    default_remedy = "Crop the frame, or ask for the server's limits to be raised."


class UnsupportedImageError(ImageError):
    """A sound file of a kind that models cannot use (deep, mip-mapped, subsampled)."""

    code = "unsupported_image"
    default_remedy = "Write the frame as a flat, full-resolution EXR."


class LayerError(ImageError):
    """The file holds no layer that fits the input."""

    code = "layer"
    default_remedy = "Choose the layer by hand."


class ManifestError(FilmgateError):
    """A model package cannot be used."""

    code = "manifest"
    default_remedy = "Correct the package's model.toml."


class UntrustedError(ManifestError):
    """The package holds code, and no publisher whom the site trusts has signed it."""

    code = "untrusted"
    default_remedy = "Let a trusted publisher sign it; docs/registry.md shows how."


class IntegrityError(FilmgateError):
    """Bytes are not what their digest says."""

    code = "integrity"
    retryable = True
    default_remedy = "Submit again; if it recurs, check the network and the memory."


class StorageError(FilmgateError):
    """A disk or a memory is full or failing."""

    code = "storage"
    retryable = True
    default_remedy = "Try again; if it recurs, look for what fills the disk or the memory."


class ModelError(FilmgateError):
    """The model itself failed on this frame."""

    code = "model"
    default_remedy = "Try another frame; if it recurs, tell the model's author."


class DeviceMemoryError(ModelError):
    """The device's memory does not hold the model and the smallest tile together."""

    code = "device_memory"
    default_remedy = "Use a smaller frame or model, or ask for a device with more memory."


class QuarantinedError(ModelError):
    """The frame was being computed, alone, each time that a worker died: it is not tried again."""

    code = "quarantined"
    default_remedy = "Try another frame or model; tell the model's author which frame it was."


class CancelledError(FilmgateError):
    """The job was cancelled."""

    code = "cancelled"
    default_remedy = "Submit again if you want the result."


class SupersededError(CancelledError):
    """A newer job of the same artist took this one's place."""

    code = "superseded"
    default_remedy = "Nothing needs to be done: the newer frame is under way."


class ExpiredError(FilmgateError):
    """The job's deadline or lease ran out."""

    code = "expired"
    retryable = True
    default_remedy = "Submit again, with a longer deadline."


def _tree(root: type[FilmgateError]) -> list[type[FilmgateError]]:
    return [root, *(leaf for branch in root.__subclasses__() for leaf in _tree(branch))]


def error_from_wire(
    code: str, text: str, remedy: str = "", detail: Mapping[str, Any] | None = None
) -> FilmgateError:
    """Rebuild an error that travelled as (code, text, remedy, detail).

    An unknown code becomes a plain `FilmgateError` that keeps it in ``detail["code"]``: a newer
    server may know errors that this client does not.
    """
    for kind in _tree(FilmgateError):
        if kind.code == code:
            return kind(text, remedy, detail)
    return FilmgateError(text, remedy, {**(detail or {}), "code": code})
