"""Orders: placing, amendment, cancellation, demands and allocations."""
