"""Stock of lot-tracked and untracked products: quantities, allocations, holds, expiry, dispatch checks and recalls."""
