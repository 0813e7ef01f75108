-- The bookings that one rule may take now from one from-state, in keyset order
-- on (scan column, key), without a lock. The batch, the guard, the dry run, the
-- probe and every count are built on this one text.
-- :columns  what to select of the row b     :table  the bookings table
-- :"status" :'from'                          the from-state, a literal so that partial indexes serve
-- :condition  bounds on the scan column, due instant, end of validity, filter
-- :hands_off  "" or booking_hands_off
-- :after  "" or the keyset condition         :order  scan column and key
-- :limit  a number, a parameter or ALL
SELECT :columns
  FROM :table AS b
 WHERE b.:"status" OPERATOR(pg_catalog.=) :'from'
   AND :condition
   :hands_off
   :after
 ORDER BY :order
 LIMIT :limit
