"""What a run leaves: a folder, coverage, reports, snapshots to go back to; and what it must not leave."""
