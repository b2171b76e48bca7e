"""The rules of counted stock: values in, changes and refusals out."""
