-- Keeps the places of the readers of events right in a schema that was just restored,
-- in the same transaction, before restore_events and behind restore_safe. A script, for
-- schemas from the third migration on.
-- Events are read in the order of (txid, id), and only what every snapshot sees. Where
-- the numbers of transactions are another cluster's, all become one that is older than
-- any here, which leaves the order of id. A reader's place there is before the first
-- event that it has not read, so that none is lost; what it had read out of that order
-- comes again.
UPDATE :"bk".scheduler_job_info AS j
   SET settings_version = n.newest
  FROM (SELECT max(o.settings_version) AS newest FROM :"bk".scheduler_job_info AS o) AS n
 WHERE j.settings_version <> n.newest;

UPDATE :"bk".event_consumers
   SET lease_token = lease_token + 1000000, lease_expires_at = NULL, holder = NULL;

SELECT set_config('bk.foreign_txid', '1', true)
  FROM :"bk".event_consumers AS c
 WHERE c.txid >= pg_current_xact_id();

UPDATE :"bk".event_consumers AS c
   SET txid = '1', transition_id = p.id, item = p.item
  FROM :"bk".event_consumers AS o
 CROSS JOIN LATERAL (
	SELECT min(t.id) AS id
	  FROM :"bk".booking_transitions AS t
	 WHERE (t.txid, t.id) > (o.txid, o.transition_id)
	    OR (t.txid, t.id) = (o.txid, o.transition_id) AND o.item < t.row_count) AS unread
 CROSS JOIN LATERAL (
	SELECT q.id, q.item
	  FROM (SELECT 0 AS rank, o.transition_id AS id, o.item WHERE unread.id = o.transition_id
		UNION ALL
		(SELECT 1, t.id, t.row_count
		   FROM :"bk".booking_transitions AS t
		  WHERE t.id < unread.id OR unread.id IS NULL
		  ORDER BY t.id DESC LIMIT 1)
		UNION ALL
		SELECT 2, coalesce(unread.id - 1, o.transition_id), 0) AS q
	 ORDER BY q.rank LIMIT 1) AS p
 WHERE c.name = o.name AND current_setting('bk.foreign_txid') <> '0';

-- The pause of every job, where people look for such changes; see restore_safe.
-- :'os_user'  invoking user of the operating system  :'instance'
INSERT INTO :"bk".settings_history (command, name, new_value, reason, author, server_instance,
	client_address)
SELECT 'pause', j.job_name, 'PAUSED', j.paused_reason, :'os_user' || '/' || session_user,
       :'instance', inet_client_addr()
  FROM :"bk".scheduler_job_info AS j
 WHERE j.status = 'PAUSED'
 ORDER BY j.job_name;
