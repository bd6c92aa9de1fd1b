"""Tests between two nodes: TCP throughput in both directions, and latency."""
