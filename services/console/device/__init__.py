"""The device: language, theme, sound, sign-out, and what makes the console an app."""
