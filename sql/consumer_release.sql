-- Nobody reads for a reader of events any more.
-- $1 name  $2 token
-- No rows. Locks the row of the reader.
UPDATE :"bk".event_consumers AS c
   SET lease_expires_at = NULL, holder = NULL
 WHERE c.name = $1::text AND c.lease_token = $2::bigint
