-- A kept mark of a shipment with one customer becomes this customer's. A mark of a shipment with several customers
-- names none, so it settles none; the contact list says so.

ALTER TABLE recall_contact ADD COLUMN customer text COLLATE "C", ADD COLUMN order_id text COLLATE "C";

UPDATE recall_contact AS kept SET customer = line.customer, order_id = line.order_id
FROM (
    SELECT m.id, min(c.customer) AS customer, min(c."order") AS order_id
    FROM recall_contact AS m JOIN LATERAL (
        SELECT c.customer, c."order" FROM contact_line AS c
        WHERE c.recall = m.recall AND c.shipment = m.shipment AND c.sku = m.sku AND c.lot_or_serial = m.lot_or_serial
    ) AS c ON true
    GROUP BY m.id HAVING count(*) = 1
) AS line WHERE line.id = kept.id;
