"""Standing demands for what is counted: kept, served first expired first, and guarded when they leave (S08, S27)."""
