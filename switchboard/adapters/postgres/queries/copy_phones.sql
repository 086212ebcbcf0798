-- $1 client ids
SELECT e164, client_id, main FROM client_phone WHERE client_id = ANY ($1::text[])
