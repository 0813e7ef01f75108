-- One rule over one booking: whether it takes it now, and if not, why. For a UNION of
-- all rules, in their order.
-- $1.. key columns as texts
-- :table  the bookings  :match  the row b of that key  :row_key  its key as text[]
-- :"status" :'from'  the from-state  :n  number of the rule  :'rule' :'job' :'to'
-- :applies  the condition of its scans  :due_instant :until_instant :end_instant  its instants
-- :filter  its condition  :not_over  it is not over now, or when it becomes due
-- :fresh  some scan column is not older than max-age
-- No row where the booking is in another state.
-- Locks nothing.
SELECT :n AS n, :'rule' AS rule, :'job' AS job_name, :'from' AS from_state, :'to' AS to_state,
       s.applies,
       CASE WHEN s.applies THEN NULL
	    WHEN s.due IS NULL THEN 'no-due-instant'
	    WHEN NOT s.filter THEN 'conditions'
	    WHEN NOT s.not_over THEN 'over'
	    WHEN s.due > now() THEN 'not-yet-due'
	    WHEN NOT s.fresh THEN 'stale'
	    WHEN EXISTS (SELECT FROM :"bk".booking_holds AS h
			  WHERE h.booking_key = s.key
			    AND (h.held_until IS NULL OR h.held_until > now())) THEN 'on-hold'
	    ELSE 'in-quarantine' END AS reason,
       to_char(s.due AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS due_at,
       to_char(s.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS until_at,
       to_char(s.ends AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS end_at
  FROM (SELECT :row_key AS key,
	       coalesce((:applies), false) AS applies,
	       (:due_instant) AS due, (:until_instant) AS until, (:end_instant) AS ends,
	       coalesce((:filter), false) AS filter,
	       (:not_over) AS not_over,
	       coalesce((:fresh), false) AS fresh
	  FROM :table AS b
	 WHERE :match
	   AND b.:"status" = :'from') AS s
