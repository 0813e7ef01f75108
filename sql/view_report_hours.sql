-- What the hours of a report count, by job: rows to be added up.
-- $1 start: microseconds since 1970
-- Rows: operation, hour_s in seconds since 1970, counts, max_ms; buckets as the text of an
-- array, without the zeros at its end, which are most of it.
-- Locks nothing.
SELECT h.operation, extract(epoch FROM h.hour)::bigint AS hour_s, h.runs, h.empty,
       h.processed, h.partial, h.errors, h.timeouts, h.cancelled, h.abandoned, h.refused,
       h.max_ms, regexp_replace(h.buckets::text, '(,0)+}$', '}') AS buckets
  FROM :"bk".job_hours AS h
 WHERE h.hour >= 'epoch'::timestamptz + $1::bigint * interval '1 microsecond'
 ORDER BY h.operation, h.hour
