"""Tests of one service on its own database, of the shared packages on real servers, and of the local stack."""
