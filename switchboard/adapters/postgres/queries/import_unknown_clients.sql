SELECT line, client_id FROM incoming_receivable LEFT JOIN client USING (client_id)
WHERE client.client_id IS NULL ORDER BY line
