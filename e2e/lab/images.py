"""
Building images without an engine that runs as a service: buildah, with a storage of our own.

A tag is the hash of what the image is made of. What was built once is found by its tag, in the
cache, as an OCI archive; unchanged input costs the time of reading it.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from e2e.lab import build_context, debian_base, machine, oci, paths, pip_settings
from e2e.lab import dockerfile as dockerfiles
from e2e.lab.errors import CommandError
from e2e.lab.shell import attempt, run, say, system_env

BASE_NAME = "docker.io/aiconform/base"
KEEP_TAGS = 3
# Cached layers that no image uses any more are cleared out when the storage holds so many.
MOST_LAYERS = 200


def base_image() -> str:
    """
    The image that ours are built on, made when it is not in the cache.

    Returns:
        A reference in buildah's storage, for a Dockerfile's `FROM`.
    """
    release = debian_base.release()
    reference = f"{BASE_NAME}:{release.key}"
    archive = _archive_of(reference)
    if not archive.exists():
        say(f"making the base image from {release.codename} (about 2 min) ...")
        with _timed("the base image"), _work_folder() as work:
            machine.ensure(machine.IMAGE_BUILD)
            debian_base.make(release, work / "root.tar", work=work)
            shutil.rmtree(work / "root")
            (work / "Dockerfile").write_text('FROM scratch\nADD root.tar /\nCMD ["bash"]\n')
            _bud(work / "Dockerfile", work, reference=reference)
            _export(reference, archive)
    return reference


def build(
    *, dockerfile: Path, context: Path, target: str, name: str, build_args: Mapping[str, str]
) -> tuple[str, Path]:
    """
    Build an image, or find it in the cache.

    Args:
        dockerfile: It may use any image of ours in `FROM`, by a build argument.
        context: Folder whose files (see `build_context`) the build may copy.
        target: Stage to build; empty for the last one.
        name: The image's name without its tag.
        build_args: Values of the Dockerfile's `ARG`s.

    Returns:
        The reference `name:tag`, and the path of its OCI archive.

    Raises:
        LabError: A step failed; the message has the end of its output.
    """
    recipe = dockerfiles.recipe(dockerfile.read_text(), target=target)
    tag = build_context.digest(recipe, context, build_args=build_args)
    reference = f"{name}:{tag}"
    archive = _archive_of(reference)
    if archive.exists():
        archive.touch()  # the least recently used are removed first
        return reference, archive
    say(f"building {reference} ...")
    with _timed(reference), _work_folder() as work:
        machine.ensure(machine.IMAGE_BUILD)
        for value in build_args.values():
            _bring_back(value)
        sources = work / "context"
        sources.mkdir()
        build_context.copy(recipe, context, sources)
        (work / "Dockerfile").write_text(recipe.text)
        extra = [f"--build-arg={key}={value}" for key, value in build_args.items()]
        _bud(work / "Dockerfile", sources, *extra, *pip_settings.mounts(work), reference=reference)
        _export(reference, archive)
    _prune(name)
    return reference, archive


def _archive_of(reference: str) -> Path:
    return paths.cache() / "images" / f"{reference.replace('/', '_').replace(':', '@')}.tar"


def _bud(dockerfile: Path, context: Path, *extra: str, reference: str) -> None:
    _buildah(
        "build", "--isolation=chroot", "--layers", "--pull=never", *_policy(), *extra,
        f"--file={dockerfile}", f"--tag={reference}", str(context),
    )  # fmt: skip


def _export(reference: str, archive: Path) -> None:
    """Write the archive, uncompressed: every node unpacks it, and none fetches it from afar."""
    with _work_folder() as folder:
        where = f"dir:{folder}"
        _buildah("push", "--quiet", "--disable-compression", *_policy(), reference, where)
        oci.write_from_folder(archive, reference=reference, folder=folder)


def _bring_back(reference: str) -> None:
    """Have an image of ours in the storage when only its archive is left."""
    archive = _archive_of(reference)
    if not archive.exists():
        return
    try:
        _buildah("inspect", "--type=image", reference)
    except CommandError:
        identity = _buildah("pull", "--quiet", *_policy(), f"oci-archive:{archive}").strip()
        _buildah("tag", identity.splitlines()[-1], reference)


def _prune(name: str) -> None:
    """Forget all but the newest tags of a name, and old layers when there are very many."""
    pattern = _archive_of(f"{name}:*").name
    found = sorted(
        _archive_of(f"{name}:x").parent.glob(pattern), key=lambda p: p.stat().st_mtime, reverse=True
    )
    for old in found[KEEP_TAGS:]:
        tag = old.stem.rpartition("@")[2]
        old.unlink()
        try:
            _buildah("rmi", f"{name}:{tag}")
        except CommandError:  # another image is built on it, or it is gone
            continue
    if len(_buildah("images", "--all", "--quiet").split()) > MOST_LAYERS:
        _buildah("rmi", "--prune")


def _buildah(*args: str) -> str:
    home = paths.cache() / "buildah"
    home.mkdir(parents=True, exist_ok=True)
    kind = run("stat", "--file-system", "--format=%T", str(home)).strip()
    driver = "vfs" if kind.startswith("overlay") else "overlay"
    where = (f"--root={home}/{driver}", f"--runroot={home}/run", f"--storage-driver={driver}")
    return run("buildah", *where, *args, env=system_env())


def _policy() -> tuple[str, ...]:
    """Whom to trust; the system's own file comes with a package that need not be here."""
    file = paths.cache() / "buildah" / "policy.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
    return (f"--signature-policy={file}",)


@contextmanager
def _work_folder() -> Iterator[Path]:
    home = paths.cache() / "work"
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=home))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if not attempt("rm", "-rf", "--one-file-system", str(folder)):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _timed(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    say(f"built {what} in {time.monotonic() - begun:.0f} s")
