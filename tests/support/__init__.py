"""Builders that several rooms' tests share."""
