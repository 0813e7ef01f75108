-- The parking system of etc/mappings/parking.conf, and reservations for its test.
-- parking.fill(as_of, moment) makes them anew. A moment is the least that lies beside an instant: a
-- microsecond where the test sets the clock, minutes where the clock runs. parking.expected says of each
-- what it is about and what it becomes at as_of; parking.wrong lists those that became something else.
DROP SCHEMA IF EXISTS parking CASCADE;
CREATE SCHEMA parking;
CREATE TABLE parking.space (id integer PRIMARY KEY, lot_id integer NOT NULL);
CREATE TABLE parking.rate_plan (
	id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	lot_id integer NOT NULL,
	space_id integer REFERENCES parking.space,
	priority integer NOT NULL,
	valid_from timestamptz NOT NULL,
	valid_to timestamptz,
	grace_minutes integer
);
CREATE TABLE parking.reservation (
	id bigint PRIMARY KEY,
	space_id integer NOT NULL REFERENCES parking.space,
	state text NOT NULL CHECK (state IN
		('offered', 'reserved', 'parked', 'left', 'no_show', 'lapsed', 'cancelled')),
	booked_at timestamptz NOT NULL,
	reserved_from timestamptz,
	reserved_until timestamptz,
	entered_at timestamptz,
	changed_at timestamptz,
	changed_by text NOT NULL DEFAULT 'web'
);
CREATE TABLE parking.expected (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	space_id integer,
	what text,
	was text,
	becomes text,
	starts timestamptz,
	ends timestamptz,
	entered timestamptz,
	booked timestamptz,
	held boolean NOT NULL DEFAULT false,
	held_until timestamptz
);
CREATE VIEW parking.wrong AS
SELECT e.id, e.space_id, e.what, e.was, e.becomes, r.state AS found, r.changed_by
  FROM parking.expected AS e LEFT JOIN parking.reservation AS r USING (id)
 WHERE r.state IS DISTINCT FROM e.becomes
    OR r.changed_by <> CASE WHEN e.was = e.becomes THEN 'web' ELSE 'bk' END
    OR (r.changed_at IS NULL) <> (e.was = e.becomes);

-- Space 1: its own plan, half an hour, though that of the lot has a higher priority.
-- Space 2: none of its own; of the lot's valid plans the one of the highest priority, 20 minutes.
-- Space 3: no plan that is valid, so a quarter of an hour.
-- Space 4: two of its own, of which the one of the higher priority allows no delay.
-- Space 5: its own says nothing of a grace, so the lot's 20 minutes.
-- Space 6: an hour in its lot until half an hour ago, 25 minutes since.
CREATE FUNCTION parking.make_plans(t timestamptz) RETURNS void LANGUAGE sql AS $$
	INSERT INTO parking.space VALUES (1, 1), (2, 1), (3, 2), (4, 1), (5, 1), (6, 3);
	INSERT INTO parking.rate_plan (lot_id, space_id, priority, valid_from, valid_to, grace_minutes) VALUES
		(1, NULL, 5, t - interval '2 years', NULL, 5),
		(1, NULL, 10, t - interval '2 years', NULL, 20),
		(1, NULL, 20, t - interval '2 years', t - interval '1 year', 90),
		(1, 1, 1, t - interval '2 years', NULL, 30),
		(2, NULL, 1, t - interval '2 years', t - interval '1 year', 90),
		(2, 3, 1, t + interval '1 year', NULL, 90),
		(1, 4, 1, t - interval '2 years', NULL, 10),
		(1, 4, 2, t - interval '2 years', NULL, 0),
		(1, 5, 1, t - interval '2 years', NULL, NULL),
		(3, NULL, 1, t - interval '2 years', t - interval '30 minutes', 60),
		(3, NULL, 1, t - interval '30 minutes', NULL, 25)
$$;

-- t now, m a moment, g the grace that the space has, by the words above.
CREATE FUNCTION parking.fill_spaces(t timestamptz, m interval) RETURNS void LANGUAGE sql AS $$
	INSERT INTO parking.expected (space_id, what, was, becomes, starts, ends, entered, booked)
	SELECT s.id, c.*
	  FROM (VALUES (1, interval '30 minutes'), (2, '20 minutes'), (3, '15 minutes'), (4, '0'),
		       (5, '20 minutes')) AS s (id, g)
	 CROSS JOIN LATERAL (SELECT s.g = '0' AS strict) AS x
	 CROSS JOIN LATERAL (VALUES
		('starts in a moment', 'reserved', 'reserved',
			t + m, t + interval '2 h', NULL::timestamptz, t - interval '1 day'),
		('starts now', 'reserved', CASE WHEN strict THEN 'no_show' ELSE 'parked' END,
			t, t + interval '2 h', NULL, t - interval '1 day'),
		('started a moment ago', 'reserved', CASE WHEN strict THEN 'no_show' ELSE 'parked' END,
			t - m, t + interval '2 h', NULL, t - interval '1 day'),
		('the grace ends now', 'reserved', 'no_show',
			t - g, t + interval '2 h', NULL, t - interval '1 day'),
		('the grace ends in a moment', 'reserved', CASE WHEN strict THEN 'reserved' ELSE 'parked' END,
			t - g + m, t + interval '2 h', NULL, t - interval '1 day'),
		('the grace ended a moment ago', 'reserved', 'no_show',
			t - g - m, t + interval '2 h', NULL, t - interval '1 day'),
		('came a moment before the grace ended', 'reserved', 'parked',
			t - g - m - m, t + interval '2 h', t - m - m - m, t - interval '1 day'),
		('came when the grace ended', 'reserved', 'no_show',
			t - g - m - m, t + interval '2 h', t - m - m, t - interval '1 day'),
		('came a moment after the grace', 'reserved', 'no_show',
			t - g - m - m, t + interval '2 h', t - m, t - interval '1 day'),
		('came early, ends now', 'reserved', 'left',
			t - interval '2 h', t, t - interval '2 h 5 min', t - interval '1 day'),
		('came early, ends in a moment', 'reserved', 'parked',
			t - interval '2 h', t + m, t - interval '2 h 5 min', t - interval '1 day'),
		('came early, ended a moment ago', 'reserved', 'left',
			t - interval '2 h', t - m, t - interval '2 h 5 min', t - interval '1 day'),
		('shorter than its grace, ends now', 'reserved', 'no_show',
			t - interval '5 min', t, NULL, t - interval '1 day'),
		('shorter than its grace, ends in a moment', 'reserved',
			CASE WHEN strict THEN 'no_show' ELSE 'parked' END,
			t - interval '5 min', t + m, NULL, t - interval '1 day'),
		('of no length, now', 'reserved', 'no_show', t, t, NULL, t - interval '1 day'),
		('open-ended, came', 'reserved', 'parked',
			t - interval '1 h', NULL, t - interval '61 min', t - interval '1 day'),
		('open-ended, nobody came', 'reserved', 'no_show',
			t - interval '1 h', NULL, NULL, t - interval '1 day'),
		('ends before it starts', 'reserved', 'reserved',
			t - interval '1 h', t - interval '2 h', NULL, t - interval '1 day'),
		('has no start', 'reserved', 'reserved',
			NULL, t + interval '1 h', NULL, t - interval '1 day'),
		('never starts', 'reserved', 'reserved', 'infinity', NULL, NULL, t - interval '1 day'),
		('never ends', 'reserved', 'reserved',
			t - interval '1 h', 'infinity', NULL, t - interval '1 day'),
		('of 31 days ago', 'reserved', 'reserved',
			t - interval '31 days', t - interval '30 days 12 h', NULL, t - interval '32 days'),
		('of 29 days ago', 'reserved', 'no_show',
			t - interval '29 days', t - interval '28 days', NULL, t - interval '32 days'),
		('the grace ends now', 'parked', 'no_show',
			t - g, t + interval '2 h', NULL, t - interval '1 day'),
		('the grace ends in a moment', 'parked', 'parked',
			t - g + m, t + interval '2 h', NULL, t - interval '1 day'),
		('came, ends now', 'parked', 'left',
			t - interval '2 h', t, t - interval '121 min', t - interval '1 day'),
		('came, ends in a moment', 'parked', 'parked',
			t - interval '2 h', t + m, t - interval '121 min', t - interval '1 day'),
		('came, open-ended', 'parked', 'parked',
			t - interval '2 h', NULL, t - interval '121 min', t - interval '1 day'),
		('came, ended yesterday', 'parked', 'left',
			t - interval '2 days', t - interval '1 day', t - interval '49 h', t - interval '3 days'),
		('came, ended 31 days ago', 'parked', 'parked',
			t - interval '32 days', t - interval '31 days', t - interval '33 days', t - interval '40 days'),
		('offered ten minutes ago', 'offered', 'lapsed',
			t + interval '1 day', t + interval '2 days', NULL, t - interval '10 min'),
		('offered a moment less than ten minutes ago', 'offered', 'offered',
			t + interval '1 day', t + interval '2 days', NULL, t - interval '10 min' + m),
		('offered a moment more than ten minutes ago', 'offered', 'lapsed',
			t + interval '1 day', t + interval '2 days', NULL, t - interval '10 min' - m),
		('offered just now for now', 'offered', 'lapsed',
			t, t + interval '2 h', NULL, t - interval '1 min'),
		('offered just now for a moment later', 'offered', 'offered',
			t + m, t + interval '2 h', NULL, t - interval '1 min'),
		('offered an hour ago, ends before it starts', 'offered', 'offered',
			t + interval '2 h', t + interval '1 h', NULL, t - interval '1 h'),
		('offered 31 days ago for tomorrow', 'offered', 'offered',
			t + interval '1 day', t + interval '2 days', NULL, t - interval '31 days'),
		('offered 31 days ago for an hour ago', 'offered', 'lapsed',
			t - interval '1 h', t + interval '1 h', NULL, t - interval '31 days'),
		('is over', 'left', 'left', t - interval '1 h', t - interval '30 min', NULL, t - interval '1 day'),
		('is over', 'no_show', 'no_show',
			t - interval '1 h', t - interval '30 min', NULL, t - interval '1 day'),
		('is over', 'lapsed', 'lapsed',
			t - interval '1 h', t - interval '30 min', NULL, t - interval '1 day'),
		('is over', 'cancelled', 'cancelled',
			t - interval '1 h', t - interval '30 min', NULL, t - interval '1 day')
		) AS c (what, was, becomes, starts, ends, entered, booked)
$$;

-- Where the plan changed half an hour ago; and what somebody put on hold.
CREATE FUNCTION parking.fill_rest(t timestamptz, m interval) RETURNS void LANGUAGE sql AS $$
	INSERT INTO parking.expected (space_id, what, was, becomes, starts, ends, booked)
	SELECT 6, c.what, 'reserved', c.becomes, c.starts, t + interval '2 h', t - interval '1 day'
	  FROM (VALUES
		('the first start under the new plan', 'no_show', t - interval '30 min'),
		('the last start under the old plan', 'parked', t - interval '30 min' - m),
		('an hour under the old plan ends now', 'no_show', t - interval '60 min'),
		('an hour under the old plan ends in a moment', 'parked', t - interval '60 min' + m),
		('25 minutes under the new plan end now', 'no_show', t - interval '25 min'),
		('25 minutes under the new plan end in a moment', 'parked', t - interval '25 min' + m),
		('starts now', 'parked', t)) AS c (what, becomes, starts);
	INSERT INTO parking.expected
	       (space_id, what, was, becomes, starts, ends, entered, booked, held, held_until)
	VALUES
		(2, 'on hold, nobody came', 'reserved', 'reserved',
			t - interval '1 h', t + interval '1 h', NULL, t - interval '1 day', true, NULL),
		(2, 'on hold, ended', 'parked', 'parked',
			t - interval '2 h', t - interval '1 h', t - interval '121 min', t - interval '1 day', true, NULL),
		(2, 'on hold, an old offer', 'offered', 'offered',
			t + interval '1 h', t + interval '2 h', NULL, t - interval '1 h', true, NULL),
		(2, 'on hold until yesterday, nobody came', 'reserved', 'no_show',
			t - interval '1 h', t + interval '1 h', NULL, t - interval '1 day', true, t - interval '1 day')
$$;

CREATE FUNCTION parking.fill(as_of timestamptz, moment interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE parking.expected, parking.reservation, parking.rate_plan, parking.space RESTART IDENTITY;
	DELETE FROM bk.booking_holds;
	PERFORM parking.make_plans(as_of), parking.fill_spaces(as_of, moment), parking.fill_rest(as_of, moment);
	INSERT INTO parking.reservation
	       (id, space_id, state, booked_at, reserved_from, reserved_until, entered_at)
	SELECT id, space_id, was, booked, starts, ends, entered FROM parking.expected;
	INSERT INTO bk.booking_holds (booking_key, held_until, reason, author)
	SELECT ARRAY[id::text], held_until, 'in dispute', 'test' FROM parking.expected WHERE held;
END $$;
