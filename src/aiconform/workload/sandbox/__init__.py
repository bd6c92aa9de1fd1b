"""Which kernel a container meets, and how far it gets out of its walls."""
