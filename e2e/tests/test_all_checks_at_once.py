"""The whole MUST set in one run, on a platform that has all it looks for, beside its users."""

from pathlib import Path

import pytest
import yaml

from e2e import audit, foreign, product, requirements
from e2e.lab.accelerators import Accelerators
from e2e.lab.lab import Lab
from e2e.platforms.everything import everything
from e2e.requirements import RELEASE

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(1800, func_only=True)]


@pytest.mark.usefixtures("tidy")
def test_all_pass_ask_for_what_they_may_and_disturb_nobody(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    image = Accelerators(lab).load_image()
    given = results.with_suffix(".yaml")
    with (
        everything(lab) as values,
        foreign.holder(lab, image, node="node3") as user,
        audit.recorded(lab, release=RELEASE) as asked,
    ):
        given.write_text(yaml.safe_dump(values))
        before = user.state
        extra = ("--name", "all", "--values", str(given))
        run = requirements.check(
            lab,
            images,
            results,
            ",".join(sorted(requirements.MUST)),
            *extra,
            version="1.35",
            limit_s=1500.0,
        )
        after = user.state

    told = {check: requirements.told(run, check) for check in sorted(requirements.MUST)}
    assert told == dict.fromkeys(sorted(requirements.MUST), ("PASS", "Ok")), run.output
    assert asked.denied == set()
    assert after == before
