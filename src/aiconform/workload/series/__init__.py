"""Several one-shots one after another in one pod, so that a check pays for one start only."""
