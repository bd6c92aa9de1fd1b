"""kubectl and helm as small scripts on PATH, which note what they were asked and answer as told."""

import json
import stat
from pathlib import Path

import pytest

_SCRIPT = """\
#!/usr/bin/env python3
import json, pathlib, sys
here = pathlib.Path(__file__).parent
words = sys.argv[1:]
given = sys.stdin.read() if "-" in words else ""
with open(here / "asked.ndjson", "a") as log:
    log.write(json.dumps([pathlib.Path(__file__).name, words, given]) + "\\n")
for answer in json.loads((here / "answers.json").read_text()):
    if pathlib.Path(__file__).name == answer["program"] and all(w in words for w in answer["when"]):
        sys.stdout.buffer.write(bytes.fromhex(answer["out"]))
        sys.stderr.write(answer["err"])
        sys.exit(answer["code"])
sys.stderr.write("the test has no answer for " + " ".join(words))
sys.exit(99)
"""


class Programs:
    """Answers are looked through in order: the first all of whose words were said is given."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._directory = directory
        self._answers: list[dict[str, object]] = []
        directory.mkdir()
        for name in ("kubectl", "helm"):
            path = directory / name
            path.write_text(_SCRIPT)
            path.chmod(path.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", str(directory), prepend=":")

    def answer(
        self, program: str, *when: str, out: str | bytes = "", err: str = "", code: int = 0
    ) -> None:
        data = out if isinstance(out, bytes) else out.encode()
        told = {"program": program, "when": when, "out": data.hex(), "err": err, "code": code}
        self._answers.append(told)
        (self._directory / "answers.json").write_text(json.dumps(self._answers))

    @property
    def asked(self) -> list[tuple[str, list[str], str]]:
        lines = (self._directory / "asked.ndjson").read_text().splitlines()
        return [(name, words, given) for name, words, given in map(json.loads, lines)]
