"""
Results without the names of a site: nodes, pods and addresses become tokens.

A token depends on the name and on a key alone. So with one key, two redacted runs still compare;
without the key, no one can try names until one fits.
"""

import hashlib
import hmac
import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiconform.model.errors import ConfigError, ResultsError
from aiconform.model.records import Delivered, Entry, RunResumed
from aiconform.report.story import tell

_KEY_BYTES = 32
_TOKEN_DIGITS = 10
# What can be a name, or hold an address: split here, compared as a whole.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]*")
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_IPV6 = re.compile(r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?![0-9A-Fa-f:])")
_MAC = re.compile(r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])")
_HOST_LABEL = "kubernetes.io/hostname"
# Times of day look like addresses: 12:34:56.
_CLOCK = re.compile(r"\d{1,2}:\d{2}:\d{2}")

Replace = Callable[[str], str]


def read_key(path: Path) -> bytes:
    """
    The key in a file; one is made when there is none.

    Raises:
        ConfigError: The file is no key, or cannot be written.
    """
    try:
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(_KEY_BYTES) + "\n")
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as exc:
        raise ConfigError(f"{path} is no key for redaction: {exc}") from exc
    if len(key) < _KEY_BYTES:
        raise ConfigError(f"{path} is no key for redaction: it is too short")
    return key


def replacer(entries: Sequence[Entry], key: bytes) -> Replace:
    """What puts tokens in place of the names that these entries hold, and of any address."""
    known = dict(_names(entries, key))

    def word(match: re.Match[str]) -> str:
        text = match[0]
        bare = text.rstrip(".:-_")
        if bare in known:
            return known[bare] + text[len(bare) :]
        # "node1:8443", "node1.example.com": the part before may be the name.
        head, mark, rest = _split(bare, known)
        return f"{known[head]}{mark}{rest}{text[len(bare) :]}" if head else text

    def replace(text: str) -> str:
        told = _MAC.sub(lambda m: _token("mac", m[0], key), text)
        told = _IPV4.sub(lambda m: _token("ip", m[0], key), told)
        told = _IPV6.sub(
            lambda m: m[0] if _CLOCK.fullmatch(m[0]) else _token("ip", m[0], key), told
        )
        return _WORD.sub(word, told)

    return replace


def redacted(entries: Sequence[Entry], replace: Replace) -> tuple[Entry, ...]:
    """The same journal under other names; numbers, times and everything measured stay."""
    return tuple(
        Entry.model_validate_json(json.dumps(_walk(entry.model_dump(mode="json"), replace)))
        for entry in entries
    )


def redact_files(source: Path, target: Path, replace: Replace) -> list[str]:
    """
    Copy the evidence of requirements, redacted.

    Returns:
        Files that are no text, and so were left out.
    """
    left_out = []
    for path in sorted(p for p in source.rglob("*") if p.is_file() and not p.is_symlink()):
        relative = Path(*(replace(part) for part in path.relative_to(source).parts))
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            left_out.append(relative.as_posix())
            continue
        except OSError as exc:
            raise ResultsError(f"cannot read {path}: {exc.strerror}") from exc
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        (target / relative).write_text(replace(text), encoding="utf-8")
        shutil.copystat(path, target / relative)
    return left_out


def _names(entries: Sequence[Entry], key: bytes) -> Iterator[tuple[str, str]]:
    story = tell(entries)
    nodes = set(story.nodes)
    for name, node in story.nodes.items():
        yield name, _token("node", name, key)
        host = node.facts.labels.get(_HOST_LABEL, "") if node.facts else ""
        if host and host not in nodes:
            yield host, _token("node", host, key)
        if node.facts and node.facts.uid:
            yield node.facts.uid, _token("uid", node.facts.uid, key)
    pods = {e.record.pod for e in entries if isinstance(e.record, Delivered | RunResumed)}
    for pod in pods - nodes:
        yield pod, _token("pod", pod, key)


def _split(word: str, known: Mapping[str, str]) -> tuple[str, str, str]:
    for at in (i for i, char in enumerate(word) if char in ".:"):
        if word[:at] in known:
            return word[:at], word[at], word[at + 1 :]
    return "", "", ""


def _token(kind: str, name: str, key: bytes) -> str:
    digest = hmac.new(key, f"{kind}:{name}".encode(), hashlib.sha256).hexdigest()
    return f"{kind}-{digest[:_TOKEN_DIGITS]}"


def _walk(value: Any, replace: Replace) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, dict):
        return {replace(key): _walk(each, replace) for key, each in value.items()}
    if isinstance(value, list):
        return [_walk(each, replace) for each in value]
    return value
