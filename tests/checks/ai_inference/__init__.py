"""Tests of the check ai_inference."""
