-- Where a reader that begins now begins, and whether a place can be one of this database.
-- $1 transaction of the place, xid8 as text
-- One row: txid, the oldest transaction that is not over; ahead, the place lies behind any
-- transaction that there has been (a standby that lags behind cannot know).
-- Locks nothing.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS txid,
       NOT pg_is_in_recovery() AND $1::text::xid8 > pg_snapshot_xmax(pg_current_snapshot()) AS ahead
