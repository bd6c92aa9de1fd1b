"""Thousands of simulated agents, and a coordinator whose API server is in memory."""
