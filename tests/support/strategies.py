"""Arbitrary agent records and journal records, for property tests."""

from typing import Any

from hypothesis import strategies as st

from aiconform.model.records import (
    Delivered,
    NodeChanged,
    PairNotRun,
    RoundClosed,
    RoundOpened,
    RunClosed,
    RunResumed,
    StageEntered,
    Trouble,
)
from aiconform.model.wire import (
    Counters,
    DeviceTelemetry,
    End,
    Engine,
    Evidence,
    Hello,
    Inventory,
    KnownAnswer,
    Measurement,
    Moved,
    NotRun,
    Pair,
    PairSample,
    Spread,
    Statistic,
    Telemetry,
)

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,20}", fullmatch=True)
reasons = st.from_regex(r"[A-Z][A-Za-z0-9]{0,20}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
numbers = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(-(2**63), 2**63 - 1)
counts = st.integers(min_value=0, max_value=2**63)
seconds = st.floats(min_value=0, max_value=1e9)
small = st.dictionaries(
    texts, st.one_of(texts, counts, numbers, st.booleans(), st.none()), max_size=4
)
COUNTERS = (
    "tx_bytes", "rx_bytes", "tx_packets", "rx_packets", "rx_errors", "tx_errors", "rx_dropped",
    "rx_missed_errors", "carrier_down_count", "port_xmit_data", "port_rcv_data", "link_downed",
    "symbol_error", "packet_seq_err", "port_xmit_packets",
)  # fmt: skip
engines = st.builds(Engine, name=texts, version=st.none() | texts, backend=st.none() | texts)


def identity(*, nodes: st.SearchStrategy[str] = names) -> dict[str, Any]:
    return {
        "run": names,
        "node": nodes,
        "boot": st.from_regex(r"[0-9a-f]{8,32}", fullmatch=True),
        "stream": st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True),
        "seq": counts,
        "t": numbers,
    }


def moved(names_of: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Moved, ...]]:
    """Counters of some interfaces or ports, with any values."""
    counter = st.sampled_from(COUNTERS) | st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
    by = st.dictionaries(counter, st.integers(-10, 10**6) | whole, max_size=8)
    each = st.builds(Moved, name=names_of, by=by)
    return st.lists(each, max_size=3, unique_by=lambda one: one.name).map(tuple)


def telemetry_of_device() -> st.SearchStrategy[DeviceTelemetry]:
    reading = st.sampled_from(
        ["temperature_celsius", "temperature_limit_celsius", "link_gigatransfers_per_s",
         "uncorrected_errors_count", "corrected_errors_count"]
    )  # fmt: skip
    reason = st.sampled_from(["hw_thermal", "hw_slowdown", "sw_power_cap"])
    spread = st.builds(Spread, min=numbers, median=numbers, max=numbers)
    return st.builds(
        DeviceTelemetry,
        name=st.sampled_from(["0000:1b:00.0", "/dev/neuron0"]) | texts,
        samples=st.integers(1, 1000),
        readings=st.dictionaries(reading, spread, max_size=3),
        held_back=st.none() | st.dictionaries(reason, counts, max_size=2),
    )


def agent_records(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any agent record; `fixed` replaces fields of the identity."""
    base = identity() | fixed
    sample = st.builds(
        PairSample,
        metric=st.sampled_from(["tcp_throughput", "tcp_latency"]),
        direction=st.sampled_from(["send", "receive", "round_trip"]),
        bytes=counts,
        seconds=seconds,
        value=st.none() | numbers,
        unit=st.sampled_from(["gigabits_per_second", "microseconds"]),
        retransmits=st.none() | counts,
        segments=st.none() | counts,
    )
    statistic = st.builds(
        Statistic,
        n=st.integers(1, 1000),
        median=numbers,
        mad=numbers,
        min=numbers,
        max=numbers,
    )
    exercises = st.sampled_from(["gemm.known_answer", "gemm.rate", "memory.copy"]) | names
    return st.one_of(
        st.builds(
            Hello,
            **base,
            agent_version=texts,
            python=texts,
            address=texts,
            clock_offset_s=st.none() | numbers,
        ),
        st.builds(
            Inventory,
            **base,
            host=small,
            accelerators_given_count=st.none() | counts,
            accelerators_in_framework_count=st.none() | counts,
        ),
        st.builds(
            Measurement,
            **base,
            exercise=exercises,
            device=st.none() | texts,
            metric=names,
            unit=names,
            value=st.none() | numbers,
            statistic=st.none() | statistic,
            engine=st.none() | engines,
            params=small,
        ),
        st.builds(
            KnownAnswer,
            **base,
            exercise=exercises,
            device=texts,
            ok=st.booleans(),
            wrong_count=counts,
            total_count=counts,
            seed=counts,
            repeated=st.none() | st.booleans(),
        ),
        st.builds(
            Pair,
            **base,
            round=st.integers(0, 8),
            peer=fixed.get("node", names),
            outcome=st.sampled_from(["ok", "failed", "peer_late", "timeout"]),
            reason=texts,
            samples=st.lists(sample, max_size=4).map(tuple),
        ),
        st.builds(
            Counters,
            **base,
            about=exercises | st.just("tcp.pair"),
            peer=st.none() | fixed.get("node", names),
            seconds=seconds,
            meant=st.none() | st.sampled_from(["eth0", "ib0"]) | texts,
            interfaces=moved(st.sampled_from(["eth0", "ib0", "lo"]) | texts),
            rdma_ports=moved(st.sampled_from(["mlx5_0/1", "mlx5_1/1"]) | texts),
            left_out_count=st.just(0) | counts,
        ),
        st.builds(
            Telemetry,
            **base,
            about=exercises,
            seconds=seconds,
            devices=st.lists(telemetry_of_device(), max_size=3).map(tuple),
        ),
        st.builds(Evidence, **base, about=texts, data=texts),
        st.builds(
            End,
            **base,
            records=counts,
            not_run=st.lists(
                st.builds(
                    NotRun,
                    exercise=exercises,
                    outcome=st.sampled_from(["skip", "error", "timeout"]),
                    reason=texts,
                ),
                max_size=2,
            ).map(tuple),
        ),
    )


def journal_records(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any record but the large ones of survey and plan; `fixed` as in `agent_records`."""
    nodes = fixed.get("node", names)
    pairs = st.tuples(nodes, nodes)
    rounds = st.integers(0, 8)
    not_run = st.builds(PairNotRun, pair=pairs, reason=reasons, sentence=texts)
    return st.one_of(
        st.builds(Delivered, pod=texts, record=agent_records(**fixed)),
        st.builds(
            NodeChanged,
            node=nodes,
            state=st.sampled_from(["waiting", "reporting", "finished", "failed", "lost"]),
            reason=reasons,
            sentence=texts,
        ),
        st.builds(
            RoundOpened, round=rounds, purpose=texts, pairs=st.lists(pairs, max_size=3).map(tuple)
        ),
        st.builds(RoundClosed, round=rounds, not_run=st.lists(not_run, max_size=2).map(tuple)),
        st.builds(StageEntered, stage=st.sampled_from(["survey", "self", "rounds"])),
        st.builds(Trouble, where=texts, sentence=texts),
        st.builds(RunResumed, pod=texts, sentence=texts),
        st.builds(
            RunClosed, how=st.sampled_from(["complete", "deadline", "broken"]), sentence=texts
        ),
    )
