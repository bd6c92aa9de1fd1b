"""
Detached signatures in minisign's format: `minisign -V` checks what we sign, and we what it signed.

Ed25519 over the BLAKE2b hash of the file. Keys come from files that `minisign -G -W` makes.
Source: minisign(1) and https://jedisct1.github.io/minisign/ (key and signature format).
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from aiconform.model.errors import ConfigError, ResultsError

_KEY_ALGORITHM, _HASHED, _PLAIN_KDF = b"Ed", b"ED", b"\0\0"
_SECRET_BYTES, _PUBLIC_BYTES, _SIGNATURE_BYTES = 158, 42, 74
_UNTRUSTED, _TRUSTED = "untrusted comment: ", "trusted comment: "


@dataclass(frozen=True)
class SecretKey:
    """Never printed: it has no representation of its own."""

    key_id: bytes
    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"SecretKey({self.key_id[::-1].hex().upper()})"


@dataclass(frozen=True)
class PublicKey:
    key_id: bytes
    public: Ed25519PublicKey


def read_secret_key(path: Path) -> SecretKey:
    """
    Raises:
        ConfigError: No minisign key, or one behind a password.
    """
    raw = _key_bytes(path, _SECRET_BYTES)
    if raw[2:4] != _PLAIN_KDF:
        hint = "Make one for machines with `minisign -G -W`, and protect its file"
        raise ConfigError(f"the key in {path} is behind a password", hint=hint)
    key_id, seed, public = raw[54:62], raw[62:94], raw[94:126]
    private = Ed25519PrivateKey.from_private_bytes(seed)
    # Without a password minisign leaves the checksum empty; the public half is as good a one.
    if private.public_key().public_bytes_raw() != public:
        raise ConfigError(f"the key in {path} is damaged")
    return SecretKey(key_id, private)


def read_public_key(path: Path) -> PublicKey:
    """
    Raises:
        ConfigError: No minisign public key.
    """
    raw = _key_bytes(path, _PUBLIC_BYTES)
    return PublicKey(raw[2:10], Ed25519PublicKey.from_public_bytes(raw[10:]))


def sign(data: bytes, key: SecretKey, *, comment: str) -> str:
    """The text of a .minisig file; the comment is signed as well, and is one line."""
    signature = key.private.sign(hashlib.blake2b(data).digest())
    told = " ".join(comment.split())
    whole = key.private.sign(signature + told.encode())
    lines = (
        f"{_UNTRUSTED}signature by aiconform",
        _text(_HASHED + key.key_id + signature),
        f"{_TRUSTED}{told}",
        _text(whole),
    )
    return "".join(f"{line}\n" for line in lines)


def check(data: bytes, signature: str, key: PublicKey) -> str:
    """
    Returns:
        The comment that was signed with it.

    Raises:
        ResultsError: Not signed by this key, changed since, or no signature at all.
    """
    lines = signature.splitlines()
    if len(lines) < 4 or not lines[2].startswith(_TRUSTED):
        raise _bad("it is no minisign signature")
    raw, whole = _bytes(lines[1]), _bytes(lines[3])
    if raw is None or whole is None or len(raw) != _SIGNATURE_BYTES or raw[:2] != _HASHED:
        raise _bad("it is no minisign signature of a hashed file")
    if raw[2:10] != key.key_id:
        raise _bad("it is by another key")
    comment = lines[2].removeprefix(_TRUSTED)
    try:
        key.public.verify(raw[10:], hashlib.blake2b(data).digest())
        key.public.verify(whole, raw[10:] + comment.encode())
    except InvalidSignature as exc:
        raise _bad("the file or the signature was changed") from exc
    return comment


def _key_bytes(path: Path, size: int) -> bytes:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"cannot read the key {path}: {exc}") from exc
    encoded = [line for line in lines if line and not line.startswith(_UNTRUSTED)]
    raw = _bytes(encoded[0]) if len(encoded) == 1 else None
    if raw is None or len(raw) != size or raw[:2] != _KEY_ALGORITHM:
        raise ConfigError(f"{path} is no minisign key of this kind", hint="See `minisign -G -W`")
    return raw


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _bad(problem: str) -> ResultsError:
    return ResultsError(
        f"the signature does not hold: {problem}",
        hint="Fetch the results again, or ask whose key signed them",
    )
