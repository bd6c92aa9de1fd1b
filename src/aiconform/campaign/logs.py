"""How the coordinator logs: JSON lines in a pod, readable ones on a terminal."""

import logging
import sys

import structlog


def configure(run: str) -> None:
    """Set up logging for this process; every line carries the run's name."""
    terminal = sys.stdout.isatty()
    renderer = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    structlog.contextvars.bind_contextvars(run_id=run)
    # Libraries log through the standard library: only what is out of the ordinary.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
