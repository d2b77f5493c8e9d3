"""Staff's controls: switches that turn features off, and thresholds of the gate."""
