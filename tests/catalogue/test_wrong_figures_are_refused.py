"""A reference figure with a lost digit or a wrong unit never judges anything: its row is named."""

import pytest

from aiconform.catalogue import accelerators as known
from aiconform.catalogue.figures import AcceleratorKind, Figure, port_kinds, published, references
from aiconform.catalogue.sanity import InsaneFigureError, check_accelerators, check_ports

ROWS = [(kind, n) for kind in published() for n in range(len(kind.figures))]


def with_value(kind: AcceleratorKind, n: int, factor: float) -> tuple[AcceleratorKind, ...]:
    """All products, one figure of one of them another."""
    figure = kind.figures[n]
    changed = figure.model_copy(update={"value": figure.value * factor})
    figures = (*kind.figures[:n], changed, *kind.figures[n + 1 :])
    other = kind.model_copy(update={"figures": figures})
    return tuple(other if each.id == kind.id else each for each in published())


def test_the_catalogue_of_this_release_is_sane() -> None:
    assert len(known.accelerator_kinds()) == 42
    assert len(known.sane_port_kinds()) == 20


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_every_figure_wrong_by_a_thousand_is_refused(factor: float) -> None:
    for kind, n in ROWS:
        figure = kind.figures[n]
        with pytest.raises(InsaneFigureError) as told:
            check_accelerators(with_value(kind, n, factor), references())
        assert kind.id in told.value.problem
        assert figure.metric in told.value.problem


@pytest.mark.parametrize(("fraction", "refused"), [(0.39, True), (0.41, False), (1.01, True)])
def test_floor_lies_between_40_and_100_percent_of_its_peak(fraction: float, refused: bool) -> None:
    kind = known.accelerator_kinds()["nvidia-h100-sxm5-80gb"]
    floors = {f.kind: n for n, f in enumerate(kind.figures) if f.metric == "memory_bandwidth"}
    n, peak = floors["floor"], kind.figures[floors["peak"]].value
    kinds = with_value(kind, n, fraction * peak / kind.figures[n].value)

    if not refused:
        check_accelerators(kinds, references())
        return
    with pytest.raises(InsaneFigureError, match=r"nvidia-h100-sxm5-80gb: floor memory_bandwidth"):
        check_accelerators(kinds, references())


def test_figures_that_were_rejected_would_be_refused_again() -> None:
    refused = 0
    for kind in published():
        for row in kind.rejected:
            figure = Figure.model_validate(row.model_dump(exclude={"reason", "subsystem"}))
            n = next((n for n, f in enumerate(kind.figures) if f.metric == row.metric), 0)
            figures = (*kind.figures[:n], figure, *kind.figures[n:])
            other = kind.model_copy(update={"figures": figures})
            try:
                check_accelerators([other], references())
            except InsaneFigureError:
                refused += 1

    assert refused >= 4  # the others are refused for reasons that no number shows


def test_figure_of_an_unknown_source_is_refused() -> None:
    kind = published()[0]
    figure = kind.figures[0].model_copy(update={"source": "hearsay"})

    with pytest.raises(InsaneFigureError, match="hearsay"):
        check_accelerators([kind.model_copy(update={"figures": (figure,)})], references())


def test_figure_without_a_peak_to_compare_with_is_refused() -> None:
    kind = known.accelerator_kinds()["nvidia-l4-24gb"]
    figure = kind.figures[0].model_copy(
        update={"metric": "peer_copy_uni", "kind": "floor", "transport": "nvlink4", "dtype": None}
    )

    with pytest.raises(InsaneFigureError, match="no peak is known"):
        check_accelerators([kind.model_copy(update={"figures": (figure,)})], references())


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_ports_likewise(factor: float) -> None:
    for port in port_kinds():
        for n, figure in enumerate(port.figures):
            changed = figure.model_copy(update={"value": figure.value * factor})
            figures = (*port.figures[:n], changed, *port.figures[n + 1 :])
            with pytest.raises(InsaneFigureError, match=port.id):
                check_ports([port.model_copy(update={"figures": figures})], references())
