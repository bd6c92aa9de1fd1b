"""How it is started: arguments, wiring of the real adapters, exit codes."""
