"""Tests of the check pod_autoscaling."""
