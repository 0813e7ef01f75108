-- What bk's roles may do in bk's own schema. A script. :"bk" the schema.
GRANT USAGE ON SCHEMA :"bk" TO booking_read;
GRANT SELECT ON ALL TABLES IN SCHEMA :"bk" TO booking_read;
GRANT INSERT, UPDATE ON :"bk".maintenance_executions, :"bk".instances TO booking_update;
GRANT DELETE ON :"bk".maintenance_executions, :"bk".booking_transitions, :"bk".execution_stats TO booking_update;
GRANT UPDATE ON :"bk".scheduler_job_info TO booking_update;
GRANT INSERT, UPDATE, DELETE ON :"bk".execution_workers TO booking_update;
GRANT INSERT ON :"bk".booking_transitions TO booking_update;
GRANT INSERT, UPDATE, DELETE ON :"bk".booking_holds, :"bk".quarantined_bookings TO booking_update;
GRANT INSERT, UPDATE ON :"bk".execution_stats, :"bk".job_totals, :"bk".event_consumers TO booking_update;
GRANT INSERT ON :"bk".settings_history TO booking_update;
GRANT INSERT ON :"bk".archived_executions, :"bk".archived_transitions TO booking_update;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA :"bk" TO booking_read, booking_update;
