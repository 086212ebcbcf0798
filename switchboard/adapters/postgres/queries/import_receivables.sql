-- The file is the whole truth: what it does not name is paid.
ANALYZE incoming_receivable;
CREATE TEMPORARY TABLE verdict ON COMMIT DROP AS
SELECT client_id, document,
       CASE
           WHEN incoming.client_id IS NULL THEN 'removed'
           WHEN receivable.client_id IS NULL THEN 'added'
           WHEN (receivable.amount_minor, receivable.due_on)
                IS DISTINCT FROM (incoming.amount_minor, incoming.due_on) THEN 'changed'
           ELSE 'unchanged'
       END AS verdict
FROM receivable FULL JOIN incoming_receivable AS incoming USING (client_id, document);
ANALYZE verdict;

DELETE FROM receivable USING verdict
WHERE receivable.client_id = verdict.client_id AND receivable.document = verdict.document AND verdict = 'removed';

INSERT INTO receivable (client_id, document, amount_minor, due_on)
SELECT client_id, document, amount_minor, due_on
FROM incoming_receivable JOIN verdict USING (client_id, document)
WHERE verdict IN ('added', 'changed')
ON CONFLICT (client_id, document) DO UPDATE SET
    amount_minor = excluded.amount_minor,
    due_on = excluded.due_on;

ANALYZE receivable
