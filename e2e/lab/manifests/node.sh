# Turns a new mount and UTS namespace into a node's, then keeps it.
# $1: the node's folder; $2: its name.
set -eu
echo "$2" > /proc/sys/kernel/hostname

# Pods may ask for mount propagation; shared within this namespace is enough for that.
mount --make-rshared /

# Sockets, container state and device specifications: every node has its own.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/cdi /run/netns
mount --bind "$1/cdi" /run/cdi

# The kubelet's socket for device plugins is below /var/lib/kubelet, whatever --root-dir says.
mount --bind "$1/kubelet" /var/lib/kubelet
mount --bind "$1/log" /var/log
mount --bind "$1/config/hosts" /etc/hosts

# The kubelet sets these for the whole machine unless it reads what it wants. Let it read that.
for file in "$1"/config/sysctl/*; do
    target=/proc/sys/$(basename "$file" | tr . /)
    if [ -e "$target" ]; then mount --bind "$file" "$target"; fi
done

touch "$1/mounted"
exec sleep infinity
