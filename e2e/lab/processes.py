"""Daemons that outlive the program that started them, found again without mistaking another."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from e2e.lab.errors import LabError
from e2e.lab.shell import wait_for

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# The shell joins the group before it turns into the program: no moment is left in between in
# which the program could start a child outside.
JOIN_AND_BECOME = 'echo $$ > "$0/cgroup.procs" && exec "$@"'


@dataclass(frozen=True)
class Identity:
    """A process for all time: its number, and the moment of its start, by which boot."""

    pid: int
    start_ticks: int
    boot_id: str

    def __str__(self) -> str:
        return f"{self.pid} {self.start_ticks} {self.boot_id}"

    @classmethod
    def parse(cls, text: str) -> "Identity":
        pid, ticks, boot_id = text.split()
        return cls(pid=int(pid), start_ticks=int(ticks), boot_id=boot_id)


def identity(pid: int) -> Identity | None:
    """Who has this number now; None for nobody, and for a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The program's name comes second, in brackets, and may hold blanks and brackets itself.
    fields = stat.rpartition(")")[2].split()
    if fields[0] in {"Z", "X"}:
        return None
    return Identity(pid=pid, start_ticks=int(fields[19]), boot_id=BOOT_ID.read_text().strip())


@dataclass(frozen=True)
class Processes:
    """Named daemons: one pid file and one log file each."""

    pids: Path
    logs: Path
    cgroup: Path

    def log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def start(self, name: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> int:
        """Start a daemon in a session of its own, its output appended to its log."""
        if self.alive(name):
            raise LabError(f"{name} runs already")
        self.pids.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        with self.log_of(name).open("ab") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", JOIN_AND_BECOME, str(self.cgroup), *argv],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        started = identity(process.pid)
        if started is None:
            raise LabError(f"{name} ended at once; its log is {self.log_of(name)}")
        (self.pids / name).write_text(str(started))
        # It goes on after this program, or as long as it runs; nobody waits for it here.
        process.returncode = 0
        return process.pid

    def find(self, name: str) -> Identity | None:
        """The daemon, if it is alive and still the one that was started."""
        try:
            recorded = Identity.parse((self.pids / name).read_text())
        except (OSError, ValueError):
            return None
        return recorded if identity(recorded.pid) == recorded else None

    def alive(self, name: str) -> bool:
        return self.find(name) is not None

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(p.name for p in self.pids.iterdir())) if self.pids.exists() else ()

    def signal(self, name: str, number: Signals) -> bool:
        """Send a signal; False when there is nobody to receive it."""
        found = self.find(name)
        if found is None:
            return False
        os.kill(found.pid, number)
        return True

    def stop(self, name: str, *, number: Signals = SIGTERM) -> None:
        """Ask the daemon to end, then make it; forget it."""
        if self.signal(name, number):
            try:
                wait_for(f"{name} to end", lambda: not self.alive(name), limit_s=5, pause_s=0.05)
            except LabError:
                self.signal(name, SIGKILL)
                wait_for(f"{name} to end", lambda: not self.alive(name), limit_s=5, pause_s=0.05)
        (self.pids / name).unlink(missing_ok=True)
