"""How to reach the API server: the pod's own service account, or a kubeconfig."""

import os
from pathlib import Path
from typing import Any

from aiconform.model.errors import ClusterError


async def load_configuration(kubeconfig: Path | None = None) -> Any:
    """
    The official client's configuration; without `kubeconfig`, that of the pod we run in.

    A pod's token is read again from its file every minute, so that a rotated one is used.

    Raises:
        ClusterError: Not in a pod, or the kubeconfig cannot be used.
    """
    # The client takes more than a second to import, so only what talks to a cluster pays for it.
    from kubernetes.aio import client, config

    configuration = client.Configuration()
    try:
        if kubeconfig is None:
            config.load_incluster_config(client_configuration=configuration)
            # The API server's address is inside the cluster: a site's proxy does not lead there.
            configuration.client_session_kwargs = {"trust_env": False}
        else:
            await config.load_kube_config(
                config_file=str(kubeconfig),
                client_configuration=configuration,
                persist_config=False,
            )
    except (config.ConfigException, OSError) as exc:
        raise ClusterError(f"no way to the API server: {exc}", hint=_hint(kubeconfig)) from exc
    return configuration


def _hint(kubeconfig: Path | None) -> str:
    if kubeconfig is not None:
        return f"Check {kubeconfig} with `kubectl --kubeconfig {kubeconfig} version`"
    if "KUBERNETES_SERVICE_HOST" not in os.environ:
        return "This command runs in a pod of the cluster; use `aiconform run` from outside"
    return "Does the pod mount its service account's token?"
