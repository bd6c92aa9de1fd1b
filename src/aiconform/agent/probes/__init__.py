"""Exercises on one node, each in a child process with a time limit."""
