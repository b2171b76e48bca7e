"""What Tracelot must survive: killed, frozen, raising and racing processes, servers that go away and come back."""
