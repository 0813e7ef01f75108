-- Gives the events of another cluster a transaction that is older than any here; see
-- restore_readers. A script, in the transaction that restored the schema.
UPDATE :"bk".booking_transitions
   SET txid = '1'
 WHERE current_setting('bk.foreign_txid') <> '0';
