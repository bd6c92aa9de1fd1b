"""The chart, as far as it can be judged without Helm; what it renders is tested on the lab."""
