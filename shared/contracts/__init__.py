"""Public contracts: messages, topics, keys, problem types. Pure code without I/O; every package may import it."""
