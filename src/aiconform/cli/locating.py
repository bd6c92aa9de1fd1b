"""Find a release that is in the cluster already, however it was installed."""

from aiconform.cli.installed import Installed, read_config
from aiconform.cli.site import Site
from aiconform.model.errors import ConfigError


def find_installed(site: Site, *, release: str, namespace: str) -> Installed:
    """
    Raises:
        ConfigError: There is no such release in the namespace.
    """
    found = site.config_map(namespace=namespace, name=f"{release}-config")
    if found is None:
        raise ConfigError(
            f"there is no run of release {release} in namespace {namespace}",
            hint="Start one by `aiconform run`, or say where it is by --namespace and --release",
        )
    return read_config(found, release=release, namespace=namespace)
