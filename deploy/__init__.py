"""Brings Tracelot up on a machine: servers, databases, topics, the services as processes, the demo."""
