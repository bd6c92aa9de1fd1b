"""Accelerators are exercised through the framework that the image brings: one narrow protocol."""
