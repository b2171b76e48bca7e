"""The console: pages for people on the floor and in the office.

It shows and changes data of the other services over their HTTP APIs, and follows their events on Kafka. It has no
database and no rules of its own.
"""
