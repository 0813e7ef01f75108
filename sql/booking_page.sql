-- The bookings that the next batch would take, without a lock: the page whose
-- parts are tried one by one after the whole was refused.
-- $1 as-of  $2 lower bound  $3 batch size  $4.. position of the last batch
-- :scan  booking_scan with scan instant d and key columns k1..kn  :position  them as texts
-- :keys  the texts of the key  :'rule'
-- Rows in keyset order: the texts of the position, was_aside: it is in quarantine, and
-- tried again.
SELECT p.*,
       EXISTS (SELECT FROM :"bk".quarantined_bookings AS q
		WHERE q.rule OPERATOR(pg_catalog.=) :'rule'
		  AND q.booking_key OPERATOR(pg_catalog.=)
		      (ARRAY[:keys] COLLATE pg_catalog."default")) AS was_aside
  FROM (SELECT :position
	  FROM (
:scan
	  ) AS z) AS p
