"""Loads demands and available units under the lock of the SKU, and saves demands."""
