-- Clients are added or changed, never removed; the phones of a client that is in the file are replaced.
ANALYZE incoming_client, incoming_phone;
CREATE TEMPORARY TABLE verdict ON COMMIT DROP AS
WITH stored_phones AS (
    SELECT client_id, array_agg(ROW(e164, raw, extension, main)::text ORDER BY e164) AS phones
    FROM client_phone GROUP BY client_id
), incoming_phones AS (
    SELECT client_id, array_agg(ROW(e164, raw, extension, main)::text ORDER BY e164) AS phones
    FROM incoming_phone GROUP BY client_id
)
SELECT client_id,
       CASE
           WHEN client.client_id IS NULL THEN 'added'
           WHEN (client.name, client.client_class, client.manager, client.department, client.credit_limit_minor,
                 client.price_column, client.last_order_on)
                IS DISTINCT FROM
                (incoming.name, incoming.client_class, incoming.manager, incoming.department,
                 incoming.credit_limit_minor, incoming.price_column, incoming.last_order_on)
                OR stored_phones.phones IS DISTINCT FROM incoming_phones.phones
               THEN 'changed'
           ELSE 'unchanged'
       END AS verdict
FROM incoming_client AS incoming
LEFT JOIN client USING (client_id)
LEFT JOIN stored_phones USING (client_id)
LEFT JOIN incoming_phones USING (client_id);
ANALYZE verdict;

INSERT INTO client (client_id, name, client_class, manager, department, credit_limit_minor, price_column,
                    last_order_on, updated_at)
SELECT client_id, name, client_class, manager, department, credit_limit_minor, price_column, last_order_on, now()
FROM incoming_client JOIN verdict USING (client_id)
WHERE verdict <> 'unchanged'
ON CONFLICT (client_id) DO UPDATE SET
    name = excluded.name,
    client_class = excluded.client_class,
    manager = excluded.manager,
    department = excluded.department,
    credit_limit_minor = excluded.credit_limit_minor,
    price_column = excluded.price_column,
    last_order_on = excluded.last_order_on,
    updated_at = excluded.updated_at;

DELETE FROM client_phone USING verdict
WHERE client_phone.client_id = verdict.client_id AND verdict = 'changed';

INSERT INTO client_phone (client_id, e164, raw, extension, main)
SELECT client_id, e164, raw, extension, main
FROM incoming_phone JOIN verdict USING (client_id)
WHERE verdict <> 'unchanged';

-- The next look-up is planned by what is there now, not by what autovacuum saw last.
ANALYZE client, client_phone
