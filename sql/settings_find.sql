-- A change that somebody wants to take back.
-- $1 its number
-- One row or none: command, name, old_value; later, the newest change of the same
-- setting after it, NULL = none.
-- Locks nothing.
SELECT h.command, h.name, h.old_value,
       (SELECT max(l.id) FROM :"bk".settings_history AS l
	 WHERE l.name = h.name AND l.id > h.id
	   AND l.command IN ('set', 'unset', 'rollback'))::text AS later
  FROM :"bk".settings_history AS h
 WHERE h.id = $1::bigint
