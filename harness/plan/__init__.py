"""What starts, in which order, what waits for what, and why the rest does not: `harness.plan.planner.make`. Pure."""
