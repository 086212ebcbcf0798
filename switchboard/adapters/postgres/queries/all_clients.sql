SELECT client_id FROM client
