-- $1 client ids. Their rows as JSON, each an array in the order of the copy's columns: one value per table, whose
-- reading costs the event loop nothing. Dates are text that sorts as they do: infinity and far ages become the ends of
-- the calendar.
SELECT (SELECT coalesce(json_agg(json_build_array(
                   client_id, name, client_class, manager, department, credit_limit_minor,
                   CASE WHEN last_order_on IS NOT NULL THEN
                       to_char(least(greatest(last_order_on, '0001-01-01'), '9999-12-31'), 'YYYY-MM-DD')
                   END)), '[]')
        FROM client WHERE client_id = ANY ($1::text[]))::text AS clients,
       (SELECT coalesce(json_agg(json_build_array(e164, client_id, main)), '[]')
        FROM client_phone WHERE client_id = ANY ($1::text[]))::text AS phones,
       (SELECT coalesce(json_agg(json_build_array(
                   client_id, document, amount_minor,
                   to_char(least(greatest(due_on, '0001-01-01'), '9999-12-31'), 'YYYY-MM-DD'))), '[]')
        FROM receivable WHERE client_id = ANY ($1::text[]))::text AS receivables,
       array_to_json($1::text[])::text AS ids
