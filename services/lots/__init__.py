"""Everything counted rather than serialised: lots and untracked products, what orders have of them, what may leave."""
