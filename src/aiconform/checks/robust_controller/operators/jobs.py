"""Operators of jobs: Trainer, PyTorchJob, JobSet, Volcano. Their pods are ours and end well."""

from typing import Any

from aiconform.checks.framework import Resource
from aiconform.checks.robust_controller.operators.shape import (
    Json,
    Operator,
    Sample,
    passing,
    pod,
)
from aiconform.cluster.resources import JOB, POD, SERVICE

JOB_SET = Resource("jobset.x-k8s.io", "v1alpha2", "jobsets", "JobSet")
TRAIN_JOB = Resource("trainer.kubeflow.org", "v1alpha1", "trainjobs", "TrainJob")
RUNTIME = Resource("trainer.kubeflow.org", "v1alpha1", "trainingruntimes", "TrainingRuntime")
PYTORCH_JOB = Resource("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob")
VOLCANO_JOB = Resource("batch.volcano.sh", "v1alpha1", "jobs", "Job")

_RUN = "resumed"


def _resume(_: Any) -> Json:
    return {"spec": {"suspend": False}}


def _job(container: str, **metadata: Any) -> Json:
    template = pod(passing(container), restartPolicy="OnFailure")
    return {"metadata": metadata, "spec": {"backoffLimit": 6, "template": template}}


def _job_set(name: str, **first: Any) -> Json:
    replicated = {"name": "w", "replicas": 2, "template": _job("w"), **first}
    return {"metadata": {"name": name}, "spec": {"suspend": True, "replicatedJobs": [replicated]}}


JOBSET = Operator(
    key="jobset",
    title="JobSet",
    kinds=(JOB_SET,),
    controllers=frozenset({"jobset"}),
    complex=False,
    samples=(
        Sample(
            "the first job depends on another",
            lambda name: _job_set(name, dependsOn=[{"name": "w", "status": "Ready"}]),
        ),
    ),
    valid=_job_set,
    good=("Completed",),
    ends=True,
    change=_RUN,
    patch=_resume,
    owns=(JOB, POD, SERVICE),
)


def _runtime_name(name: str) -> str:
    return f"{name}-runtime"


def _runtime(name: str) -> Json:
    """Of our own, so that nothing rests on a site's defaults."""
    step = {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
    node = {"name": "node", "replicas": 1, "template": _job("node", labels=step)}
    return {
        "metadata": {
            "name": _runtime_name(name),
            "labels": {"trainer.kubeflow.org/framework": "plain"},
        },
        "spec": {"mlPolicy": {"numNodes": 1}, "template": {"spec": {"replicatedJobs": [node]}}},
    }


def _train_job(name: str, runtime: str = "") -> Json:
    reference = {
        "apiGroup": RUNTIME.group,
        "kind": RUNTIME.kind,
        "name": runtime or _runtime_name(name),
    }
    return {"metadata": {"name": name}, "spec": {"suspend": True, "runtimeRef": reference}}


TRAINER = Operator(
    key="trainer",
    title="Kubeflow Trainer",
    kinds=(TRAIN_JOB,),
    controllers=frozenset({"kubeflow-trainer", "trainer"}),
    samples=(
        Sample(
            "its runtime does not exist", lambda name: _train_job(name, "aiconform-no-such-runtime")
        ),
    ),
    valid=_train_job,
    needs=((RUNTIME, _runtime),),
    good=("Complete",),
    ends=True,
    change=_RUN,
    patch=_resume,
    owns=(JOB_SET, JOB, POD, SERVICE),
)


def _pytorch(name: str, *, role: str = "Master", container: str = "pytorch") -> Json:
    replica = {
        "replicas": 1,
        "restartPolicy": "OnFailure",
        "template": pod(passing(container)),
    }
    spec = {"runPolicy": {"suspend": True}, "pytorchReplicaSpecs": {role: replica}}
    return {"metadata": {"name": name}, "spec": spec}


TRAINING_OPERATOR = Operator(
    key="pytorchjob",
    title="Kubeflow Training Operator",
    kinds=(PYTORCH_JOB,),
    controllers=frozenset({"training-operator"}),
    samples=(
        Sample("neither a master nor a worker", lambda name: _pytorch(name, role="Conductor")),
        Sample("no container pytorch", lambda name: _pytorch(name, container="other")),
    ),
    valid=_pytorch,
    good=("Succeeded",),
    ends=True,
    starts_empty=True,
    change=_RUN,
    patch=lambda _: {"spec": {"runPolicy": {"suspend": False}}},
    owns=(POD, SERVICE),
)


def _volcano(name: str, *, least: int = 1) -> Json:
    task = {
        "name": "w",
        "replicas": 1,
        "template": pod(passing("w"), restartPolicy="OnFailure"),
    }
    spec = {"schedulerName": "volcano", "minAvailable": least, "tasks": [task]}
    return {"metadata": {"name": name}, "spec": spec}


def _two_tasks(found: Any) -> Json:
    (task,) = found["spec"]["tasks"]
    return {"spec": {"tasks": [{**task, "replicas": 2}]}}


VOLCANO = Operator(
    key="volcano",
    title="Volcano",
    kinds=(VOLCANO_JOB,),
    controllers=frozenset({"volcano-controller", "volcano-admission"}),
    complex=False,
    samples=(Sample("more pods at least than there are", lambda name: _volcano(name, least=9)),),
    valid=_volcano,
    good_path=(("status", "state", "phase"), "Completed"),
    ends=True,
    change="two pods in place of one",
    patch=_two_tasks,
    owns=(POD, SERVICE),
)
