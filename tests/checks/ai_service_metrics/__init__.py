"""Tests of the check ai_service_metrics."""
