SELECT count(*) AS count, min(left_at) AS oldest_left_at,
    (array_agg(trouble ORDER BY left_at))[1] AS trouble
FROM voicemail WHERE done_at IS NULL
