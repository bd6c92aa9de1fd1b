"""
What agents say and what they are told: JSON, one record per line, every field bounded.

An agent is not trusted. Unknown fields and kinds are refused, numbers are finite, strings and
lists have a largest size. Identity of a record is (node, boot, stream, seq): `boot` is new for each
start of an agent, `seq` counts from 0 without gaps within (boot, stream).
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, model_validator

from aiconform.model.base import Count, Frozen, Name, Sentence, Small, Text, Whole
from aiconform.model.parts import Accelerator as Accelerator
from aiconform.model.parts import Interface as Interface
from aiconform.model.parts import RdmaPort as RdmaPort
from aiconform.model.parts import UnknownRead as UnknownRead

WIRE_VERSION = 1
MAX_RECORD_BYTES = 64 * 1024
MAX_EVIDENCE_BYTES = 256 * 1024
MAX_STREAM_BYTES = 8 * 1024 * 1024
TOKEN_AUDIENCE = "aiconform"
MAX_COUNTED = 32  # interfaces, and as many ports, of one record of counters

CounterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")]


class _Record(Frozen):
    v: Literal[1] = 1
    run: Name
    node: Name
    boot: Annotated[str, Field(pattern=r"^[0-9a-f]{8,32}$")]
    stream: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")
    ]  # "inventory", "self", "round-2"
    seq: Count
    t: float  # the agent's clock, Unix seconds


class Hello(_Record):
    """First record of an agent: who it is and what it runs on."""

    kind: Literal["hello"] = "hello"
    agent_version: Text
    agent_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    python: Text
    address: Text  # the pod's IP, where pair probes reach it
    clock_offset_s: float | None = None  # the collector's clock minus the agent's


class Inventory(_Record):
    """What a node is made of, as an unprivileged pod can see it."""

    kind: Literal["inventory"] = "inventory"
    host: Small = {}  # kernel, cpu_model, cpu_count, numa_node_count, memory_bytes, architecture …
    accelerators: Annotated[tuple[Accelerator, ...], Field(max_length=256)] = ()
    interfaces: Annotated[tuple[Interface, ...], Field(max_length=256)] = ()
    rdma_ports: Annotated[tuple[RdmaPort, ...], Field(max_length=256)] = ()
    limits: Small = {}  # cpu_quota_cores, memory_max_bytes, memlock_bytes, shm_bytes, nofile …
    software: Small = {}  # python, torch, jax, driver versions …
    knobs: Small = {}  # hugepages, numa_balancing, tcp buffers, iommu …
    # Three counts kept apart: on the host (PCI), given to the pod, seen by the framework.
    accelerators_on_host_count: Count | None = None
    accelerators_given_count: Count | None = None
    accelerators_in_framework_count: Count | None = None
    unknown: Annotated[tuple[UnknownRead, ...], Field(max_length=512)] = ()


class Statistic(Frozen):
    """How samples were summarised; the judged value is the median."""

    n: Annotated[int, Field(ge=1, le=1_000_000)]
    median: float
    mad: float
    min: float
    max: float


class Engine(Frozen):
    """The framework that exercised an accelerator."""

    name: Text
    version: Text | None = None
    backend: Text | None = None


class Measurement(_Record):
    """One figure measured on one node. `value` is None when it could not be measured: `reason`."""

    kind: Literal["measurement"] = "measurement"
    exercise: Name
    device: Text | None = None  # None: the node itself
    metric: Name
    unit: Name  # "gigabytes_per_second"
    value: float | None
    reason: Sentence = ""
    statistic: Statistic | None = None
    params: Small = {}
    engine: Engine | None = None
    noisy: bool = False
    reduced: bool = False
    seconds: Annotated[float, Field(ge=0)] = 0.0


class KnownAnswer(_Record):
    """A calculation whose exact result is known beforehand. Any wrong element is corruption."""

    kind: Literal["check"] = "check"
    exercise: Name
    device: Text
    ok: bool
    wrong_count: Count
    total_count: Count
    seed: Count
    repeats: Count = 1
    repeated: bool | None = None  # did the same fault show again in a second call
    detail: Sentence = ""  # first wrong element: index, expected, got
    params: Small = {}
    engine: Engine | None = None


class PairSample(Frozen):
    """What one side of a pair test measured in one direction, as seen from the reporting node."""

    metric: Literal["tcp_throughput", "tcp_latency"]
    direction: Literal["send", "receive", "round_trip"]
    bytes: Count
    seconds: Annotated[float, Field(ge=0)]
    value: float | None  # Gb/s for throughput, median microseconds for latency
    unit: Literal["gigabits_per_second", "microseconds"]
    p99: float | None = None  # latency only
    streams: Count = 1
    retransmits: Count | None = None  # segments sent again, known to the sender alone
    segments: Count | None = None  # all that were sent, those again included


class Pair(_Record):
    """One side's report of one pair test."""

    kind: Literal["pair"] = "pair"
    round: Count
    peer: Name
    outcome: Literal["ok", "failed", "peer_late", "timeout"]
    reason: Sentence = ""
    samples: Annotated[tuple[PairSample, ...], Field(max_length=64)] = ()


class Moved(Frozen):
    """How far the counters of one interface or port moved; below zero: they went backwards."""

    name: Text  # "eth0", "mlx5_0/1"
    by: Annotated[dict[CounterName, Whole], Field(max_length=48)] = {}


class Counters(_Record):
    """
    What was counted on a node while it met a peer, or did an exercise: after less before.

    A counter that could not be read, or that stands at its end, is left out: it is not known.
    """

    kind: Literal["counters"] = "counters"
    about: Name  # exercise; "tcp.pair" for a meeting
    peer: Name | None = None
    seconds: Annotated[float, Field(ge=0)]
    meant: Text | None = None  # the interface that has the pod's address
    interfaces: Annotated[tuple[Moved, ...], Field(max_length=MAX_COUNTED)] = ()
    rdma_ports: Annotated[tuple[Moved, ...], Field(max_length=MAX_COUNTED)] = ()
    left_out_count: Count = 0  # interfaces and ports beyond; they moved fewer bytes

    @model_validator(mode="after")
    def _each_once(self) -> "Counters":
        for told in (self.interfaces, self.rdma_ports):
            if len({each.name for each in told}) < len(told):
                raise ValueError("an interface or a port is told of twice")
        return self


class Spread(Frozen):
    """Of one reading, over the samples in which it was there."""

    min: float
    median: float
    max: float


class DeviceTelemetry(Frozen):
    """One accelerator over the time of an exercise; what it does not say is left out."""

    name: Text  # bus address or device node, as in the inventory
    samples: Annotated[int, Field(ge=1, le=1_000_000)]
    readings: Annotated[dict[CounterName, Spread], Field(max_length=16)] = {}
    # In how many samples each reason held its clocks back; None: it does not say.
    held_back: Annotated[dict[CounterName, Count], Field(max_length=16)] | None = None


class Telemetry(_Record):
    """What accelerators said of themselves, about once a second, while an exercise ran."""

    kind: Literal["telemetry"] = "telemetry"
    about: Name  # exercise
    seconds: Annotated[float, Field(ge=0)]
    devices: Annotated[tuple[DeviceTelemetry, ...], Field(max_length=64)] = ()
    left_out_count: Count = 0


class Evidence(_Record):
    """Last words of a probe that hung or broke: stacks, output; cut in the middle when too long."""

    kind: Literal["evidence"] = "evidence"
    about: Text  # exercise or "round-2"
    media: Literal["text/plain"] = "text/plain"
    data: Annotated[str, Field(max_length=MAX_EVIDENCE_BYTES)]


class NotRun(Frozen):
    """An exercise that was ordered and did not end with a result."""

    exercise: Name
    outcome: Literal["skip", "error", "timeout"]
    reason: Sentence


class End(_Record):
    """Closes a stream; without it nothing of the stream is judged as complete."""

    kind: Literal["end"] = "end"
    records: Count  # how many came before this one in the stream
    not_run: Annotated[tuple[NotRun, ...], Field(max_length=64)] = ()


AgentRecord = Annotated[
    Hello | Inventory | Measurement | KnownAnswer | Pair | Counters | Telemetry | Evidence | End,
    Field(discriminator="kind"),
]
AGENT_RECORD: TypeAdapter[AgentRecord] = TypeAdapter(AgentRecord)


class ExerciseOrder(Frozen):
    """One exercise to run, in a child process that is killed after `limit_s`."""

    exercise: Name  # "gemm.known_answer", "memory.copy"
    limit_s: Annotated[float, Field(gt=0, le=7200)]
    params: Small = {}


class SelfTask(Frozen):
    """Exercise this node alone. Its records go to stream "self"."""

    kind: Literal["self"] = "self"
    id: Name
    exercises: Annotated[tuple[ExerciseOrder, ...], Field(max_length=64)]


class PairTask(Frozen):
    """Meet one peer. Records go to stream "round-<round>". `listen` opens `port` on its pod IP."""

    kind: Literal["pair"] = "pair"
    id: Name
    round: Count
    peer: Name
    role: Literal["listen", "connect"]
    peer_address: Text
    port: Annotated[int, Field(ge=1024, le=65535)]
    streams: Annotated[int, Field(ge=1, le=64)]
    seconds: Annotated[float, Field(gt=0, le=60)]  # per direction
    pings: Annotated[int, Field(ge=0, le=100_000)]
    ready_limit_s: Annotated[float, Field(gt=0, le=600)]  # how long to wait for the peer
    limit_s: Annotated[float, Field(gt=0, le=600)]


class FinishTask(Frozen):
    """Nothing more will come: wait quietly until the pod is removed."""

    kind: Literal["finish"] = "finish"
    id: Name


Task = Annotated[SelfTask | PairTask | FinishTask, Field(discriminator="kind")]
TASK: TypeAdapter[Task] = TypeAdapter(Task)


class Acknowledgement(Frozen):
    """Answer to POST /v1/records: up to where each stream of this boot is safe in the journal."""

    next_seq: dict[str, int]
    refused: tuple[dict[str, Any], ...] = ()  # {"seq": 3, "stream": "self", "problem": "…"}
    server_time: float


class Go(Frozen):
    """Answer to POST /v1/ready: both sides are ready, or the peer is late (`go` is False)."""

    go: bool
    reason: Text = ""
