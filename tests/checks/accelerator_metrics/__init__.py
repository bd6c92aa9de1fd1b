"""Tests of the check accelerator_metrics."""
