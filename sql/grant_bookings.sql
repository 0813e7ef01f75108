-- What bk's roles may do with the mapped table. A script.
-- :"schema"  :table  :read_columns  :write_columns  quoted lists
GRANT USAGE ON SCHEMA :"schema" TO booking_read;
GRANT SELECT (:read_columns) ON :table TO booking_read;
GRANT UPDATE (:write_columns) ON :table TO booking_update;
