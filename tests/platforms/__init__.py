"""The pure parts of the platform pieces and stand-ins."""
