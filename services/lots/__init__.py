"""Everything counted rather than serialised; for now it answers every demand with a shortfall."""
