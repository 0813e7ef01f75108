-- A batch locks and changes the rows it found by their place, which a view does not have. A script.
-- :table
GRANT SELECT (ctid) ON :table TO booking_update;
