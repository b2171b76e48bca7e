-- The contact lines with their marks: the last mark of a line is in force. Without one, the line shows the last mark
-- of its shipment that names no customer; such a mark settles nothing.

CREATE VIEW recall_contact_status AS
SELECT c.recall, c.customer, coalesce(n.customer_name, c.customer_name, '') AS customer_name,
    coalesce(n.contact, c.contact, '') AS contact, coalesce(n.ship_to, '') AS ship_to, c."order", c.shipment,
    coalesce(c.shipped_at, n.recorded_at) AS shipped_at, c.sku, c.lot_or_serial, c.quantity, c.returned,
    CASE WHEN m.customer IS NOT NULL THEN m.outcome END AS outcome,
    CASE WHEN m.customer IS NULL
        THEN 'settles no customer: ' || m.outcome || ' was recorded for the whole shipment. ' || m.note
        ELSE m.note END AS note,
    m.contacted_at, m.contacted_by
FROM contact_line AS c
LEFT JOIN consignee AS n ON n.shipment = c.shipment AND n.order_id = c."order"
LEFT JOIN LATERAL (
    SELECT m.customer, m.outcome, m.note, m.contacted_at, m.contacted_by FROM recall_contact AS m
    WHERE m.recall = c.recall AND m.shipment = c.shipment AND m.sku = c.sku AND m.lot_or_serial = c.lot_or_serial
        AND (m.customer IS NULL OR (m.customer = c.customer AND m.order_id = c."order"))
    ORDER BY m.customer IS NULL, m.id DESC LIMIT 1
) AS m ON true;
