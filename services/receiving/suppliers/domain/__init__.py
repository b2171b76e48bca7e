"""Rules of suppliers."""
