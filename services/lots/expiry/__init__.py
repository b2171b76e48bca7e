"""What happens to lots as days pass: somebody is told before they expire, and expired ones are held (S28, S29)."""
