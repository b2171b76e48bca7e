"""The public language: what is said on which topic, by whom, under which key. Pure; imported by everyone."""
