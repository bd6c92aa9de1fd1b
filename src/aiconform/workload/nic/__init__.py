"""Network interfaces and RDMA devices of a container, and transfers bound to one of them."""
