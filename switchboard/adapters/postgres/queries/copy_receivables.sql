-- $1 client ids. Dates as in copy_clients.
SELECT client_id, document, amount_minor,
       to_char(least(greatest(due_on, DATE '0001-01-01'), DATE '9999-12-31'), 'YYYY-MM-DD') AS due_on
FROM receivable WHERE client_id = ANY ($1::text[])
