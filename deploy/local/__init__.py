"""Local Kafka and PostgreSQL servers without Docker and without root.

`stack.Stack` starts, kills and stops them; it uses the modules kafka, postgres and containers.
"""
