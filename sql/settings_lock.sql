-- One change of the settings at a time; needs the privileges of who may make one.
-- :"bk"  the schema
-- Locks the table against other changes, not against readers.
LOCK TABLE :"bk".settings IN SHARE ROW EXCLUSIVE MODE
