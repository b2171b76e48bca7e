"""What the services can do, as ratios to what the same machine could do at best: `python -m tests.bench`."""
