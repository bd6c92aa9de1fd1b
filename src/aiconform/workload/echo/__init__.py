"""A backend for gateways: an OpenAI-style server that tells which pod answered what."""
