-- $1 number (E.164), $2 today in the company's time zone, $3 at most so many rows.
-- A document due today is not overdue yet. Ordered as Python orders text, so that every adapter answers alike.
SELECT client.client_id,
       client.name,
       client.client_class,
       client.manager,
       client.department,
       client.credit_limit_minor,
       client.last_order_on,
       client_phone.main,
       owed.receivable_minor,
       owed.overdue_minor,
       owed.overdue_since
FROM client_phone
JOIN client USING (client_id)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount_minor), 0)::bigint AS receivable_minor,
           greatest(coalesce(sum(amount_minor) FILTER (WHERE due_on < $2), 0), 0)::bigint AS overdue_minor,
           min(due_on) FILTER (WHERE due_on < $2 AND amount_minor > 0) AS overdue_since
    FROM receivable
    WHERE receivable.client_id = client.client_id
) AS owed
WHERE client_phone.e164 = $1
ORDER BY client.client_id COLLATE "C"
LIMIT $3
