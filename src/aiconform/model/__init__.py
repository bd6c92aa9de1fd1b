"""What things are called: frozen records, verdicts, the plan, errors and the wire format."""
