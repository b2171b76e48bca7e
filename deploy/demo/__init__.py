"""A morning in a warehouse, played by outside systems and people against the four running services.

What plays ERP and OMS knows Kafka and the published messages, nothing of our code; scans go over HTTP.
"""
