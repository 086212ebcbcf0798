-- $1 client ids. Dates as text that sorts as they do: infinity and other ages become the ends of the calendar.
SELECT client_id, name, client_class, manager, department, credit_limit_minor,
       CASE WHEN last_order_on IS NOT NULL THEN
           to_char(least(greatest(last_order_on, DATE '0001-01-01'), DATE '9999-12-31'), 'YYYY-MM-DD')
       END AS last_order_on
FROM client WHERE client_id = ANY ($1::text[])
