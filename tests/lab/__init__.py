"""Tests of one room, by behaviour."""
