"""Standing demands for what is counted: kept, and answered that all of it is short, as nothing counted is here yet."""
