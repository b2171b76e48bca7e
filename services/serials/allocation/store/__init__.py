"""Who waits, and what is free for them: loaded under the sku's lock, bounded by what came free and what is wanted."""
