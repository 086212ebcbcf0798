SELECT count(*) FILTER (WHERE verdict = 'added')     AS added,
       count(*) FILTER (WHERE verdict = 'changed')   AS changed,
       count(*) FILTER (WHERE verdict = 'unchanged') AS unchanged,
       count(*) FILTER (WHERE verdict = 'removed')   AS removed
FROM verdict
