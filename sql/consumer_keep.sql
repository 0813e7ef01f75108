-- A sign of life of a reader of events, which also moves it on.
-- $1 name  $2 token  $3 interval: how long without the next one
-- $4 transaction xid8 as text, $5 row bigint, $6 item int: the last event that was handed over
-- $7 lost events that it was told of
-- One row or none: it was taken over. txid, transition_id, item, lost, lost_told, lost_at as
-- they are now. It never moves back: not behind what cleanup skipped either.
-- Locks the row of the reader.
UPDATE :"bk".event_consumers AS c
   SET (txid, transition_id, item) = (
	SELECT p.txid, p.id, p.item
	  FROM (VALUES (c.txid, c.transition_id, c.item),
		       ($4::text::xid8, $5::bigint, $6::integer)) AS p (txid, id, item)
	 ORDER BY p.txid DESC, p.id DESC, p.item DESC LIMIT 1),
       moved_at = CASE WHEN ($4::text::xid8, $5::bigint, $6::integer) > (c.txid, c.transition_id, c.item)
		       THEN clock_timestamp() ELSE c.moved_at END,
       lost_told = greatest(c.lost_told, $7::bigint),
       lease_expires_at = clock_timestamp() + $3::interval
 WHERE c.name = $1::text AND c.lease_token = $2::bigint
RETURNING c.txid::text AS txid, c.transition_id, c.item::bigint AS item, c.lost, c.lost_told,
	  to_char(c.lost_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS lost_at
