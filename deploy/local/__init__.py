"""Apache Kafka and PostgreSQL on this machine, without Docker and without root.

`stack.Stack` starts, kills and stops them from Python; kafka, postgres and containers are what it stands on.
"""
