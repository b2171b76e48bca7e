"""The rules of a recall: what it touches, and when nothing of it is open any more."""
