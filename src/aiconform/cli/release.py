"""`aiconform release`: inside the coordinator's pod, after the results were copied by hand."""

import os
from pathlib import Path

import click

from aiconform.cli.show import say
from aiconform.model.errors import ConfigError, ResultsError


@click.command()
def release() -> int:
    """
    Let the coordinator end; run inside its pod after `kubectl cp`.

    \b
    Example:
        kubectl exec --namespace aiconform job/aiconform -- aiconform release
    """
    results = os.environ.get("AICONFORM_RESULTS")
    if not results:
        raise ConfigError(
            "this is not the coordinator's pod (AICONFORM_RESULTS is not set)",
            hint="Run it by `kubectl exec`, or use `aiconform fetch`, which releases by itself",
        )
    try:
        (Path(results) / ".released").touch()
    except OSError as exc:
        raise ResultsError(f"cannot write to {results}: {exc.strerror}") from exc
    say("The coordinator may end now.")
    return 0
