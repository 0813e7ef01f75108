-- One rule over one booking: whether it takes it now, if not, why, and when it will. For a
-- UNION of all rules, in their order.
-- $1.. key columns as texts
-- :table  the bookings  :match  the row b of that key  :row_key  its key as text[]
-- :"status" :'from'  the from-state  :n  number of the rule  :'rule' :'job' :'to'
-- :applies  the condition of its scans  :due_instant :until_instant :end_instant  its instants
-- :obstacle  text: what is in its way whatever the time, or NULL
-- :filter  its condition  :not_over  it is not over now, or when it becomes due
-- :fresh  some scan column is not older than max-age, now or when it becomes due
-- :will  the condition of its scans at bk_next.bk_at
-- No row where the booking is in another state. The instant from which nothing keeps the job
-- off (ready_at) is no use where the rule is over by then (will_at NULL). What lasts beyond
-- the due instant: held, aside, stopped (the job is paused or disabled). What the row b brings
-- along must not be named like a column of the company's, hence bk_.
-- Locks nothing.
SELECT :n AS n, :'rule' AS rule, :'job' AS job_name, :'from' AS from_state, :'to' AS to_state,
       s.applies,
       CASE WHEN s.applies THEN NULL
	    WHEN s.obstacle IS NOT NULL THEN s.obstacle
	    WHEN s.due IS NULL THEN 'no-due-instant'
	    WHEN NOT s.filter THEN 'conditions'
	    WHEN NOT s.not_over THEN 'over'
	    WHEN NOT s.fresh THEN 'stale'
	    WHEN s.due > now() THEN 'not-yet-due'
	    WHEN s.held_until IS NOT NULL THEN 'on-hold'
	    ELSE 'in-quarantine' END AS reason,
       CASE WHEN s.until <= now() THEN 'until'
	    WHEN s.ends <= now() THEN 'end'
	    WHEN s.ends <= s.due THEN 'end-first'
	    ELSE 'until-first' END AS over_by,
       coalesce(s.due <= now(), false) AS is_due,
       coalesce(s.held_until > greatest(s.due, now()), false) AS held,
       coalesce(s.next_try > greatest(s.due, now()), false) AS aside,
       coalesce(s.stopped_until > greatest(s.due, now()), false) AS stopped,
       to_char(s.due AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS due_at,
       to_char(s.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS until_at,
       to_char(s.ends AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS end_at,
       to_char(s.held_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS held_until,
       to_char(s.next_try AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_try_at,
       to_char(s.stopped_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS stopped_until,
       to_char(s.ready AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ready_at,
       CASE WHEN s.will
	    THEN to_char(s.ready AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END AS will_at,
       s.job_status,
       to_char(s.next_run AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS job_next_run_at,
       s.job_reason
  FROM (SELECT coalesce((:applies), false) AS applies,
	       bk_row.bk_due AS due, (:until_instant) AS until, (:end_instant) AS ends,
	       (:obstacle) AS obstacle,
	       coalesce((:filter), false) AS filter,
	       (:not_over) AS not_over,
	       coalesce((:fresh), false) AS fresh,
	       bk_hold.bk_until AS held_until, bk_aside.bk_next_try AS next_try,
	       bk_job.bk_stopped_until AS stopped_until, bk_job.bk_status AS job_status,
	       bk_job.bk_next_run AS next_run, bk_job.bk_reason AS job_reason,
	       bk_next.bk_at AS ready,
	       CASE WHEN isfinite(bk_next.bk_at) THEN coalesce((:will), false) ELSE false END AS will
	  FROM :table AS b
	 CROSS JOIN LATERAL (SELECT (:due_instant) AS bk_due, :row_key AS bk_key) AS bk_row
	  LEFT JOIN LATERAL (
		SELECT coalesce(h.held_until, 'infinity') AS bk_until
		  FROM :"bk".booking_holds AS h
		 WHERE h.booking_key = bk_row.bk_key
		   AND (h.held_until IS NULL OR h.held_until > now())) AS bk_hold ON true
	  LEFT JOIN LATERAL (
		SELECT q.next_try_at AS bk_next_try
		  FROM :"bk".quarantined_bookings AS q
		 WHERE q.booking_key = bk_row.bk_key AND q.rule = :'rule'
		   AND q.next_try_at > now()) AS bk_aside ON true
	  LEFT JOIN LATERAL (
		SELECT t.status AS bk_status, j.next_execution_time AS bk_next_run,
		       CASE t.status WHEN 'PAUSED' THEN j.paused_reason END AS bk_reason,
		       CASE t.status WHEN 'DISABLED' THEN 'infinity'::timestamptz
				     WHEN 'PAUSED' THEN coalesce(j.paused_until, 'infinity')
		       END AS bk_stopped_until
		  FROM :"bk".jobs AS j
		 CROSS JOIN LATERAL (
			SELECT CASE WHEN j.status = 'DISABLED' OR NOT j.is_active THEN 'DISABLED'
				    WHEN j.status = 'PAUSED'
					 AND (j.paused_until IS NULL OR j.paused_until > now())
				    THEN 'PAUSED'
				    ELSE j.current_status END AS status) AS t
		 WHERE j.job_name = :'job') AS bk_job ON true
	 CROSS JOIN LATERAL (
		SELECT greatest(now(), bk_row.bk_due, bk_hold.bk_until, bk_aside.bk_next_try,
				bk_job.bk_stopped_until) AS bk_at) AS bk_next
	 WHERE :match
	   AND b.:"status" = :'from') AS s
