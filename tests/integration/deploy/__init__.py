"""Tests of the local stack and of the deployment tools."""
