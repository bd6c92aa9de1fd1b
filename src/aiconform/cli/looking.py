"""The survey as the person's own account sees it, for a plan before any installation."""

from collections.abc import Sequence

from aiconform.campaign.survey import survey_nodes
from aiconform.cli.site import Json, Site
from aiconform.model.errors import ForbiddenError
from aiconform.model.plan import RunConfig
from aiconform.model.records import Surveyed


def survey_from_here(site: Site, config: RunConfig) -> Surveyed:
    """
    Raises:
        ClusterError: The nodes cannot be listed.
    """
    missing: tuple[str, ...] = ()
    pods: Sequence[Json] | None = None
    try:
        pods = site.pods_everywhere()
    except ForbiddenError:
        missing = ("list pods: which accelerators are free is not known",)
    return Surveyed(
        server_version=site.server_version(),
        nodes=survey_nodes(site.nodes(), pods, config),
        not_permitted=missing,
    )
