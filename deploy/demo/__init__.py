"""Demonstration scenario: upstream systems and warehouse staff use the four running services.

ERP and OMS are simulated with plain CloudEvents on Kafka and import no service code. Staff use the HTTP API.
"""
