"""What people and floor systems ask of each service: the same bodies over HTTP and on SERVICE.commands."""
