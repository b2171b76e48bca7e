"""What starts Tracelot on a machine: the local stack, topics, databases, the demo."""
