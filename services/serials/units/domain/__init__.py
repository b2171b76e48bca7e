"""The rules of a unit's life: values in, steps and refusals out."""
