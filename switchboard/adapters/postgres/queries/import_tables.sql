-- What an import brings, before anything is touched; gone at the end of the transaction.
CREATE TEMPORARY TABLE incoming_client (
    client_id text PRIMARY KEY, name text, client_class text, manager text, department text,
    credit_limit_minor bigint, price_column text, last_order_on date
) ON COMMIT DROP;
CREATE TEMPORARY TABLE incoming_phone (
    client_id text, e164 text, raw text, extension text, main boolean
) ON COMMIT DROP;
CREATE TEMPORARY TABLE incoming_receivable (
    line bigint, client_id text, document text, amount_minor bigint, due_on date
) ON COMMIT DROP;
-- One import at a time; look-ups go on.
LOCK TABLE client, client_phone, receivable IN SHARE ROW EXCLUSIVE MODE
