"""Deployment on one machine: servers, databases, topics, service processes, demo."""
