"""`aiconform sonobuoy`: what Sonobuoy's plugin runs, in a pod that Sonobuoy made."""

import asyncio
import json
import os
import traceback
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiconform.cli.show import note
from aiconform.model.errors import AiconformError

if TYPE_CHECKING:
    from aiconform.campaign.environment import Environment
    from aiconform.cluster.protocol import Cluster

_WORK = Path("/tmp/aiconform")
_PROGRESS_EVERY_S = 3.0
_PROGRESS_LIMIT_S = 5.0
# Not that of a Helm release: what lies outside of namespaces must not go when the release does.
NAME = "aiconform-sonobuoy"
STAGES = ("survey", "plan", "deploy", "self", "checks", "rounds", "judge", "archive", "hold")


@click.command(hidden=True)
def sonobuoy() -> int:
    """
    Run as a plugin of Sonobuoy: Job driver, our own DaemonSets behind it.

    The plugin definition says what to do by the environment; see docs/how-to-sonobuoy.md. Whatever
    happens, results are handed over and the done file is written: Sonobuoy never waits in vain.
    """
    from aiconform.report.sonobuoy import hand_over

    results = Path(os.environ.get("SONOBUOY_RESULTS_DIR", "/tmp/sonobuoy/results"))
    run, problem = None, ""
    try:
        run = asyncio.run(_run(dict(os.environ)))
    except AiconformError as exc:
        problem = str(exc)
    except asyncio.CancelledError:
        problem = "the pod was asked to end before the run did"
    except Exception as exc:  # noqa: BLE001 - Sonobuoy is to learn of it in any case
        traceback.print_exc()
        problem = f"a defect of aiconform: {exc}"
    if problem:
        note(problem)
    hand_over(results, run=run, problem=problem)
    return 0


async def _run(environ: dict[str, str]) -> Path:
    """The run's results directory."""
    from aiconform.campaign.coordinate import coordinate
    from aiconform.campaign.environment import read_environment
    from aiconform.campaign.hosted import prepared
    from aiconform.cli.coordinate import archive_results
    from aiconform.cluster.client import KubernetesCluster

    environ = environ | _prepare(environ, _WORK)
    environment = read_environment(environ)
    labels = {
        "sonobuoy-component": "plugin",
        "sonobuoy-plugin": environ.get("SONOBUOY_PLUGIN_NAME", "aiconform"),
    }
    async with (
        KubernetesCluster.in_cluster(namespace=environment.namespace) as cluster,
        prepared(environment, cluster, pod_labels=labels),
    ):
        telling = asyncio.create_task(_tell(environment, cluster, environ))
        try:
            await coordinate(environ, archive=archive_results)
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling
            with suppress(OSError):  # the last update came before the end
                end = progress({"stage": STAGES[-1], "message": "handing over the results"})
                await asyncio.to_thread(_post, _port(environ), end)
    return environment.run_directory


def _prepare(environ: Mapping[str, str], work: Path) -> dict[str, str]:
    """The configuration as a file, and what a plugin definition need not say."""
    work.mkdir(parents=True, exist_ok=True)
    config = work / "run.json"
    config.write_text(environ.get("AICONFORM_RUN_CONFIG", '{"name": "sonobuoy"}'))
    return {
        "AICONFORM_CONFIG": str(config),
        "AICONFORM_RESULTS": str(work / "results"),
        "AICONFORM_JOB": environ.get("AICONFORM_JOB", NAME),
        "AICONFORM_OWNER": "Pod",
    }


async def _tell(environment: "Environment", cluster: "Cluster", environ: Mapping[str, str]) -> None:
    """Progress for `sonobuoy status`, until cancelled. It matters to no one but whoever looks."""
    while True:
        with suppress(AiconformError, OSError, ValueError):
            found = await cluster.get("ConfigMap", environment.status_config_map) or {}
            text = found.get("data", {}).get("status.json", "")
            if text:
                await asyncio.to_thread(_post, _port(environ), progress(json.loads(text)))
        await asyncio.sleep(_PROGRESS_EVERY_S)


def _port(environ: Mapping[str, str]) -> str:
    return environ.get("SONOBUOY_PROGRESS_PORT", "8099")


def progress(status: Mapping[str, object]) -> dict[str, object]:
    """Sonobuoy counts what is completed of a total: our stages."""
    stage = str(status.get("stage", ""))
    done = STAGES.index(stage) if stage in STAGES else 0
    message = f"{stage}: {status.get('message', '')}"
    return {"msg": message, "total": len(STAGES) - 1, "completed": done}


def _post(port: str, document: Mapping[str, object]) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/progress",
        data=json.dumps(document).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    urllib.request.urlopen(request, timeout=_PROGRESS_LIMIT_S).close()
