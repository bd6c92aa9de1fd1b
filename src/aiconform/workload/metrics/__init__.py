"""A scrape target whose every value is set from outside, so that a check can demand it back."""
