-- The clinic of etc/mappings/clinic.conf, and appointments for its test. As tests/mappings/parking.sql,
-- which says how it works.
DROP SCHEMA IF EXISTS clinic CASCADE;
CREATE SCHEMA clinic;
CREATE TABLE clinic.patient (id integer PRIMARY KEY, deleted_at timestamp);
CREATE TABLE clinic.practitioner (id integer PRIMARY KEY, deleted_at timestamp);
CREATE TABLE clinic.appointment (
	id bigint PRIMARY KEY,
	patient_id integer NOT NULL REFERENCES clinic.patient,
	practitioner_id integer NOT NULL REFERENCES clinic.practitioner,
	state smallint NOT NULL,
	slot_start timestamp,
	slot_end timestamp,
	arrived boolean,
	missed_reason text,
	deleted_at timestamp,
	changed_by text NOT NULL DEFAULT 'reception'
);
CREATE TABLE clinic.appointment_audit (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	appointment_id bigint NOT NULL,
	old_state smallint NOT NULL,
	new_state smallint NOT NULL,
	who text NOT NULL,
	at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE clinic.recall (appointment_id bigint PRIMARY KEY, asked_on date NOT NULL);

-- What the application has: nobody changes an appointment without saying who he is.
CREATE FUNCTION clinic.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF coalesce(current_setting('clinic.user', true), '') = '' THEN
		RAISE EXCEPTION 'nobody changes appointment %', OLD.id;
	END IF;
	NEW.changed_by := current_setting('clinic.user');
	RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON clinic.appointment FOR EACH ROW EXECUTE FUNCTION clinic.stamp();

CREATE TABLE clinic.expected (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	patient_id integer,
	practitioner_id integer,
	deleted_at timestamp,
	what text,
	was smallint,
	becomes smallint,
	starts timestamp,
	ends timestamp,
	arrived boolean
);
CREATE VIEW clinic.wrong AS
SELECT e.id, e.what, e.patient_id, e.practitioner_id, e.was, e.becomes, a.state AS found, a.changed_by,
       a.missed_reason, audit.rows, (r.appointment_id IS NOT NULL) AS recalled
  FROM clinic.expected AS e
  LEFT JOIN clinic.appointment AS a USING (id)
  LEFT JOIN clinic.recall AS r ON r.appointment_id = e.id
 CROSS JOIN LATERAL (SELECT coalesce(string_agg(concat_ws(' ', u.old_state, u.new_state, u.who), ', '), '') AS rows
		       FROM clinic.appointment_audit AS u WHERE u.appointment_id = e.id) AS audit
 WHERE a.state IS DISTINCT FROM e.becomes
    OR a.changed_by <> CASE WHEN e.was = e.becomes THEN 'reception' ELSE 'bk' END
    OR audit.rows <> CASE WHEN e.was = e.becomes THEN '' ELSE e.was || ' ' || e.becomes || ' bk' END
    OR a.missed_reason IS DISTINCT FROM CASE WHEN e.was < 50 AND e.becomes = 50 THEN 'did not attend' END
    OR (r.appointment_id IS NOT NULL) <> (e.was < 50 AND e.becomes = 50);

-- Each case for a patient whose box is empty, for one whose box nobody has looked at, and for appointments,
-- patients and practitioners that are deleted: of those none is changed.
CREATE FUNCTION clinic.fill_instants(t timestamptz, m interval) RETURNS void LANGUAGE sql AS $$
	INSERT INTO clinic.expected (patient_id, practitioner_id, deleted_at, what, was, becomes, starts, ends, arrived)
	SELECT w.patient_id, w.practitioner_id, w.deleted_at, c.what, c.was,
	       CASE WHEN w.is_one THEN c.becomes ELSE c.was END,
	       timezone('Europe/Berlin', c.s), timezone('Europe/Berlin', c.e),
	       c.arrived OR w.not_arrived
	  FROM (VALUES (true, 1, 1, NULL::timestamp, false), (true, 1, 1, NULL, NULL),
		       (false, 1, 1, timestamp '2026-01-01 00:00', false), (false, 2, 1, NULL, false),
		       (false, 1, 2, NULL, false)) AS w (is_one, patient_id, practitioner_id, deleted_at, not_arrived)
	 CROSS JOIN (VALUES
		('starts in a moment', 20, 20, t + m, t + interval '1 h', false),
		('starts now', 20, 30, t, t + interval '1 h', false),
		('started a moment ago', 20, 30, t - m, t + interval '1 h', false),
		('ten minutes are over now', 20, 50, t - interval '10 min', t + interval '1 h', false),
		('ten minutes are over in a moment', 20, 30, t - interval '10 min' + m, t + interval '1 h', false),
		('ten minutes are over since a moment', 20, 50, t - interval '10 min' - m, t + interval '1 h', false),
		('there, starts in a moment', 20, 20, t + m, t + interval '1 h', true),
		('there, starts now', 20, 30, t, t + interval '1 h', true),
		('there, ten minutes are over now', 20, 30, t - interval '10 min', t + interval '1 h', true),
		('there, ends in a moment', 20, 30, t - interval '1 h', t + m, true),
		('there, ends now', 20, 40, t - interval '1 h', t, true),
		('there, ended a moment ago', 20, 40, t - interval '1 h', t - m, true),
		('five minutes long, ends now', 20, 50, t - interval '5 min', t, false),
		('five minutes long, ends in a moment', 20, 30, t - interval '5 min', t + m, false),
		('there, has no end', 20, 30, t - interval '1 h', NULL, true),
		('has no end', 20, 50, t - interval '1 h', NULL, false),
		('has no start', 20, 20, NULL, t + interval '1 h', false),
		('ends before it starts', 20, 20, t - interval '1 h', t - interval '2 h', false),
		('of 31 days ago', 20, 20, t - interval '31 days', t - interval '30 days 12 h', false),
		('of 29 days ago', 20, 50, t - interval '29 days', t - interval '28 days 12 h', false),
		('ten minutes are over now', 30, 50, t - interval '10 min', t + interval '1 h', false),
		('ten minutes are over in a moment', 30, 30, t - interval '10 min' + m, t + interval '1 h', false),
		('there, ends in a moment', 30, 30, t - interval '1 h', t + m, true),
		('there, ends now', 30, 40, t - interval '1 h', t, true),
		('there, ended a moment ago', 30, 40, t - interval '1 h', t - m, true),
		('there, has no end', 30, 30, t - interval '1 h', NULL, true),
		('not there, ended', 30, 50, t - interval '2 h', t - interval '1 h', false),
		('there, ended 31 days ago', 30, 30, t - interval '32 days', t - interval '31 days', true),
		('asked for in a moment', 10, 10, t + m, t + interval '1 h', false),
		('asked for now', 10, 60, t, t + interval '1 h', false),
		('asked for a moment ago', 10, 60, t - m, t + interval '1 h', false),
		('asked for, ends before it starts', 10, 10, t - interval '1 h', t - interval '2 h', false),
		('asked for, has no start', 10, 10, NULL, t + interval '1 h', false),
		('is over', 40, 40, t - interval '1 h', t - interval '30 min', false),
		('is over', 50, 50, t - interval '1 h', t - interval '30 min', false),
		('is over', 60, 60, t - interval '1 h', t - interval '30 min', false),
		('called off by the patient', 90, 90, t - interval '1 h', t - interval '30 min', false),
		('called off by the practice', 91, 91, t - interval '1 h', t - interval '30 min', false)
		) AS c (what, was, becomes, s, e, arrived)
	 -- In one hour of a year the clock on the wall cannot say the instant that is meant.
	 WHERE (c.s IS NULL OR timezone('Europe/Berlin', timezone('Europe/Berlin', c.s)) = c.s)
	   AND (c.e IS NULL OR timezone('Europe/Berlin', timezone('Europe/Berlin', c.e)) = c.e)
$$;

-- The nights in which the clock is changed, as it is read from the wall. In the first, 2:00 to 3:00 is left
-- out: 3:00 is 01:00Z. In the second it comes twice, at 00:00Z and at 01:00Z, and the second one counts.
CREATE FUNCTION clinic.fill_nights(t timestamptz) RETURNS void LANGUAGE sql AS $$
	INSERT INTO clinic.expected (patient_id, practitioner_id, what, was, becomes, starts, ends, arrived)
	SELECT 1, 1, c.what, c.was, c.becomes, c.s, c.e, c.arrived
	  FROM (VALUES
		(timestamptz '2026-03-29 01:00Z', 'at 3:00 of the night of the short hour', 20, 30,
			timestamp '2026-03-29 03:00', timestamp '2026-03-29 04:00', false),
		('2026-03-29 01:00Z', 'a moment past 3:00', 20, 20,
			'2026-03-29 03:00:00.000001', '2026-03-29 04:00', false),
		('2026-03-29 01:00Z', 'a moment before 2:00', 20, 30,
			'2026-03-29 01:59:59.999999', '2026-03-29 04:00', false),
		('2026-03-29 01:00Z', 'at 2:00, which is 3:00', 20, 30, '2026-03-29 02:00', '2026-03-29 04:00', false),
		('2026-03-29 01:00Z', 'at 2:30, which is 3:30', 20, 20, '2026-03-29 02:30', '2026-03-29 04:00', false),
		('2026-03-29 01:00Z', 'from 2:30 to 3:00, which is before it', 20, 20,
			'2026-03-29 02:30', '2026-03-29 03:00', false),
		('2026-03-29 01:00Z', 'at 1:50, ten minutes before 3:00', 20, 50,
			'2026-03-29 01:50', '2026-03-29 04:00', false),
		('2026-03-29 01:00Z', 'a moment past 1:50', 20, 30,
			'2026-03-29 01:50:00.000001', '2026-03-29 04:00', false),
		('2026-03-29 01:00Z', 'there, until 3:00', 30, 40, '2026-03-29 00:30', '2026-03-29 03:00', true),
		('2026-03-29 01:00Z', 'there, until 2:00, which is 3:00', 30, 40,
			'2026-03-29 00:30', '2026-03-29 02:00', true),
		('2026-03-29 01:00Z', 'there, until a moment past 3:00', 30, 30,
			'2026-03-29 00:30', '2026-03-29 03:00:00.000001', true),
		('2026-10-25 00:30Z', 'at 2:30, when that is shown for the first time', 20, 20,
			'2026-10-25 02:30', '2026-10-25 04:00', false),
		('2026-10-25 00:30Z', 'there, until 2:30', 30, 30, '2026-10-25 01:00', '2026-10-25 02:30', true),
		('2026-10-25 01:30Z', 'at 2:30, when that is shown for the second time', 20, 30,
			'2026-10-25 02:30', '2026-10-25 04:00', false),
		('2026-10-25 01:30Z', 'a moment past 2:30', 20, 20,
			'2026-10-25 02:30:00.000001', '2026-10-25 04:00', false),
		('2026-10-25 01:30Z', 'there, until 2:30', 30, 40, '2026-10-25 01:00', '2026-10-25 02:30', true),
		('2026-10-25 01:30Z', 'at 2:20, ten minutes before', 20, 50, '2026-10-25 02:20', '2026-10-25 04:00', false),
		('2026-10-25 01:00Z', 'at 2:00 of the night of the long hour', 20, 30,
			'2026-10-25 02:00', '2026-10-25 04:00', false),
		('2026-10-25 01:00Z', 'a moment past 2:00', 20, 20,
			'2026-10-25 02:00:00.000001', '2026-10-25 04:00', false),
		('2026-10-25 01:00Z', 'at 1:59, an hour and a minute ago', 20, 50,
			'2026-10-25 01:59', '2026-10-25 04:00', false),
		('2026-10-25 01:00Z', 'there at 1:59, until 2:30', 20, 30, '2026-10-25 01:59', '2026-10-25 02:30', true),
		('2026-10-25 01:00Z', 'there, until 2:00', 30, 40, '2026-10-25 01:00', '2026-10-25 02:00', true)
		) AS c (night, what, was, becomes, s, e, arrived)
	 WHERE c.night = t
$$;

CREATE FUNCTION clinic.fill(as_of timestamptz, moment interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE clinic.expected, clinic.appointment_audit, clinic.recall, clinic.appointment, clinic.patient,
		clinic.practitioner RESTART IDENTITY;
	INSERT INTO clinic.patient VALUES (1, NULL), (2, '2026-01-01 00:00');
	INSERT INTO clinic.practitioner VALUES (1, NULL), (2, '2026-01-01 00:00');
	PERFORM clinic.fill_instants(as_of, moment), clinic.fill_nights(as_of);
	INSERT INTO clinic.appointment
	       (id, patient_id, practitioner_id, state, slot_start, slot_end, arrived, deleted_at)
	SELECT id, patient_id, practitioner_id, was, starts, ends, arrived, deleted_at FROM clinic.expected;
END $$;
