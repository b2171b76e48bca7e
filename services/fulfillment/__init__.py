"""Orders, picking, packing and shipping: what customers want, and how it leaves.

Owns orders, their demands and the units given to them, cartons, shipments and dispatch checks; one lock a row, the
order's, guards them all. It never reads stock: it asks serials and lots, and takes their answers.
Reads oms.orders, fulfillment.commands, products, locations, serials.events, lots.events and, for orders that wait for
a product, its own fulfillment.events; writes fulfillment.events.
"""
