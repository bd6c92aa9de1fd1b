#!/bin/sh
# Bring aiconform's images to where a cluster without internet finds them.
#
#   ./install.sh --registry registry.example:5000/mirror     into a registry (needs skopeo)
#   ./install.sh --containerd                                into this node's containerd (run it on every node)
#   ./install.sh --dry-run ...                               only say what would be done
#
# Nothing is fetched. Files that do not match SHA256SUMS are not used.
set -eu
cd "$(dirname "$0")"

version=@VERSION@
coordinator=@COORDINATOR@
engine=@ENGINE@
dry_run=
target=
registry=
socket=
tls=

usage() {
    sed -n 's/^# \{0,1\}//; 2,8p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
        --dry-run) dry_run=1 ;;
        --registry)
            [ $# -ge 2 ] || usage
            target=registry registry=${2%/}
            shift
            ;;
        --insecure-registry) tls=--dest-tls-verify=false ;;
        --containerd) target=containerd ;;
        --socket)
            [ $# -ge 2 ] || usage
            socket=$2
            shift
            ;;
        *) usage ;;
    esac
    shift
done
[ -n "$target" ] || usage

need() {
    command -v "$1" >/dev/null || { echo "$1 is needed and is not on the PATH" >&2; exit 1; }
}

on_node() {
    run ctr ${socket:+--address "$socket"} --namespace k8s.io "$@"
}

run() {
    echo "+ $*"
    [ -n "$dry_run" ] || "$@"
}

sha256sum --check --quiet SHA256SUMS || { echo "this bundle is damaged: get it again" >&2; exit 1; }

case $target in
    registry)
        [ -n "$dry_run" ] || need skopeo
        for image in coordinator engine; do
            # The digests are what the chart asks for: they have to stay.
            run skopeo copy --preserve-digests $tls "oci-archive:images/$image.tar" \
                "docker://$registry/aiconform/$image:$version"
        done
        echo "Now: helm install aiconform ./aiconform-$version.tgz --namespace aiconform --create-namespace" \
            "--set global.imageRegistry=$registry"
        ;;
    containerd)
        [ -n "$dry_run" ] || need ctr
        for image in coordinator engine; do
            name=docker.io/aiconform/$image
            on_node images import --digests=false "images/$image.tar"
            # The chart asks for the manifest's digest; `import --digests` would name the index's.
            eval "digest=\$$image"
            on_node images tag --force "$name:$version" "$name@$digest"
        done
        echo "When every node has them: helm install aiconform ./aiconform-$version.tgz --namespace aiconform" \
            "--create-namespace --set image.pullPolicy=Never"
        ;;
esac
