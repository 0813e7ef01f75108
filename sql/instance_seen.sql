-- After a tick of lease_idle: when the job was last called from this instance, and by how
-- much the instance's clock differs.
-- $1 job  $2 instance  $3 instant of the tick  $4 bigint: clock difference ms
-- No rows. Locks the instance's row.
UPDATE :"bk".instances AS i
   SET last_ticks = i.last_ticks || jsonb_build_object($1::text, $3::timestamptz),
       seen_at = $3::timestamptz, clock_difference_ms = $4::bigint
 WHERE i.instance = $2::text
