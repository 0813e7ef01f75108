-- Leaves out of a scan what no job may touch (on hold) and what its rule has set
-- aside for a while. A fragment of WHERE; the subquery is hashed, and free where
-- both tables are empty.
-- :key_texts  key columns of b as texts   :as_of  SQL   :'rule'
AND NOT (ARRAY[:key_texts] OPERATOR(pg_catalog.=) ANY (
	SELECT h.booking_key FROM :"bk".booking_holds AS h
	 WHERE h.held_until IS NULL OR h.held_until OPERATOR(pg_catalog.>) :as_of
	 UNION ALL
	SELECT q.booking_key FROM :"bk".quarantined_bookings AS q
	 WHERE q.rule OPERATOR(pg_catalog.=) :'rule' AND q.next_try_at OPERATOR(pg_catalog.>) :as_of))
