-- Makes a reader of events, or takes one over that nobody reads for.
-- $1 name  $2 who reads now  $3 interval: how long without a sign of life
-- $4 transaction xid8 as text, $5 row bigint, $6 item int: where a new one begins, NULL = with
-- what is not over yet
-- One row or none: somebody reads. token, txid, transition_id, item, lost, lost_told, lost_at;
-- ahead, its place lies behind any transaction that there has been.
-- Locks the row of the reader.
INSERT INTO :"bk".event_consumers AS c
       (name, txid, transition_id, item, lease_token, lease_expires_at, holder)
SELECT $1::text, coalesce($4::text::xid8, pg_snapshot_xmin(pg_current_snapshot())),
       coalesce($5::bigint, 0), coalesce($6::integer, 0), 1, clock_timestamp() + $3::interval, $2::text
ON CONFLICT (name) DO UPDATE
   SET lease_token = c.lease_token + 1, lease_expires_at = excluded.lease_expires_at,
       holder = excluded.holder
 WHERE c.lease_expires_at IS NULL OR c.lease_expires_at <= clock_timestamp()
RETURNING c.lease_token AS token, c.txid::text AS txid, c.transition_id, c.item::bigint AS item,
	  c.lost, c.lost_told,
	  to_char(c.lost_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS lost_at,
	  c.txid > pg_current_xact_id() AS ahead
