"""The rules of allocation: which demand gets which free unit."""
