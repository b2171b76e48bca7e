"""Orders, picking, packing and shipping.

Owns orders, demands, allocated units and lots, cartons, shipments and dispatch checks; the lock of the order guards
all of them. It has no stock of its own: it requests allocations and dispatch checks from serials and lots.
Consumes oms.orders, fulfillment.commands, products, locations, serials.events, lots.events and its own
fulfillment.events, for orders that await a product or warehouse; publishes fulfillment.events
and ordered-products.
"""
