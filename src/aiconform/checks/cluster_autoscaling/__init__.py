"""
Does a pod that needs a whole accelerated node bring one, and does its end take it away?

Nodes cost money: nothing is made without the site's consent and the name of a pool.
"""

from aiconform.checks.cluster_autoscaling.judging import evaluate
from aiconform.checks.cluster_autoscaling.kinds import NODE_CLAIM, NODE_POOL, OPENSHIFT, STATUS
from aiconform.checks.cluster_autoscaling.look import run
from aiconform.checks.framework import Check, looks_at, makes
from aiconform.cluster.resources import CONFIG_MAP, EVENT, NODE, POD

CHECK = Check(
    id="cluster_autoscaling",
    rights=(
        *makes(POD, why="a pod for a whole node, one for more than that, and placeholders",
               also=("get", "watch")),
        *looks_at(NODE, verbs=("get", "list", "watch"), why="which nodes come and go"),
        *looks_at(POD, why="which nodes of the pool are free, and who keeps one that stays",
                  switch="rbac.countForeignPods"),
        *looks_at(EVENT, why="what the autoscaler says of our pods, and of lacking capacity"),
        *looks_at(CONFIG_MAP, verbs=("get",), names=(STATUS,),
                  why="whether the Cluster Autoscaler is there, and why it gave up"),
        *looks_at(NODE_POOL, why="whether Karpenter is there, and the pool"),
        *looks_at(NODE_CLAIM, why="which node was ordered for our pod"),
        *looks_at(OPENSHIFT, why="whether OpenShift's autoscaler is there"),
    ),
    time_box_s=3900,
    devices=32,
    scales=True,
    cost="only with the site's consent: one node of the pool it names is added and removed, which "
    "costs money; until then its free nodes, at most four, are held",
    run=run,
    evaluate=evaluate,
)  # fmt: skip
