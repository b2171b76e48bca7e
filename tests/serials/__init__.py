"""The registry on its own database."""
