"""The rules of stock that serials and lots share: what may still leave, and what goes first."""
