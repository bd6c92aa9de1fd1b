"""Tests of the check robust_controller."""
