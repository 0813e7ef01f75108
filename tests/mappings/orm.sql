-- The desks of etc/mappings/orm.conf, and bookings for its test. As tests/mappings/parking.sql, which says
-- how it works. The columns hold milliseconds, so a moment is one at least.
DROP SCHEMA IF EXISTS desks CASCADE;
CREATE SCHEMA desks;
CREATE TYPE desks."BookingStatus" AS ENUM
	('PENDING', 'CONFIRMED', 'CHECKED_IN', 'COMPLETED', 'NO_SHOW', 'EXPIRED', 'CANCELED');
CREATE TABLE desks."Booking" (
	id text PRIMARY KEY,
	"deskId" text NOT NULL,
	status desks."BookingStatus" NOT NULL,
	"startsAt" timestamp(3) NOT NULL,
	"endsAt" timestamp(3),
	"checkedInAt" timestamp(3),
	"holdUntil" timestamp(3),
	"graceSeconds" integer,
	"syncToken" uuid NOT NULL,
	revision integer NOT NULL,
	"updatedAt" timestamp(3) NOT NULL,
	"deletedAt" timestamp(3)
);
CREATE TABLE desks.expected (
	n integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id text GENERATED ALWAYS AS ('c' || md5(n::text)) STORED,
	"graceSeconds" integer,
	what text,
	was desks."BookingStatus",
	becomes desks."BookingStatus",
	starts timestamp,
	ends timestamp,
	came timestamp,
	hold timestamp,
	deleted boolean NOT NULL DEFAULT false,
	token uuid NOT NULL DEFAULT gen_random_uuid()
);
-- A row that was changed bears the time of that, of UTC whatever the zone of the session.
CREATE VIEW desks.wrong AS
SELECT e.id, e."graceSeconds", e.what, e.was, e.becomes, b.status AS found, b.revision, b."updatedAt",
       b."syncToken" <> e.token AS new_token
  FROM desks.expected AS e LEFT JOIN desks."Booking" AS b USING (id)
 WHERE b.status IS DISTINCT FROM e.becomes
    OR b.revision <> CASE WHEN e.was = e.becomes THEN 7 ELSE 8 END
    OR (b."syncToken" <> e.token) = (e.was = e.becomes)
    OR CASE WHEN e.was = e.becomes THEN b."updatedAt" <> '2020-01-01 00:00'
	    ELSE b."updatedAt" NOT BETWEEN timezone('UTC', clock_timestamp()) - interval '30 min'
				   AND timezone('UTC', clock_timestamp()) + interval '1 s' END;

-- g is the grace: none of its own means the quarter of an hour of the file.
CREATE FUNCTION desks.fill_cases(t timestamp, m interval) RETURNS void LANGUAGE sql AS $$
	INSERT INTO desks.expected ("graceSeconds", what, was, becomes, starts, ends, came, hold)
	SELECT w.seconds, c.what, c.was::desks."BookingStatus", c.becomes::desks."BookingStatus", c.s, c.e, c.came,
	       c.hold
	  FROM (VALUES (NULL::integer, interval '15 min', false), (600, '10 min', false), (3600, '1 h', false),
		       (7200, '2 h', false), (0, '0', true)) AS w (seconds, g, strict)
	 CROSS JOIN LATERAL (VALUES
		('starts in a moment', 'CONFIRMED', 'CONFIRMED',
			t + m, t + interval '2 h', NULL::timestamp, NULL::timestamp),
		('starts now', 'CONFIRMED', CASE WHEN strict THEN 'NO_SHOW' ELSE 'CHECKED_IN' END,
			t, t + interval '2 h', NULL, NULL),
		('started a moment ago', 'CONFIRMED', CASE WHEN strict THEN 'NO_SHOW' ELSE 'CHECKED_IN' END,
			t - m, t + interval '2 h', NULL, NULL),
		('the grace ends now', 'CONFIRMED', 'NO_SHOW', t - g, t + interval '2 h', NULL, NULL),
		('the grace ends in a moment', 'CONFIRMED', CASE WHEN strict THEN 'CONFIRMED' ELSE 'CHECKED_IN' END,
			t - g + m, t + interval '2 h', NULL, NULL),
		('the grace ended a moment ago', 'CONFIRMED', 'NO_SHOW',
			t - g - m, t + interval '2 h', NULL, NULL),
		('came a moment before the grace ended', 'CONFIRMED', 'CHECKED_IN',
			t - g - m - m, t + interval '2 h', t - m - m - m, NULL),
		('came when the grace ended', 'CONFIRMED', 'CHECKED_IN',
			t - g - m - m, t + interval '2 h', t - m - m, NULL),
		('came a moment after the grace', 'CONFIRMED', 'CHECKED_IN',
			t - g - m - m, t + interval '2 h', t - m, NULL),
		('came two hours late', 'CHECKED_IN', 'CHECKED_IN',
			t - interval '3 h', t + interval '2 h', t - interval '1 h', NULL),
		('came late, ends now', 'CONFIRMED', 'COMPLETED',
			t - interval '3 h', t, t - interval '1 h', NULL),
		('came late, ends now', 'CHECKED_IN', 'COMPLETED',
			t - interval '3 h', t, t - interval '1 h', NULL),
		('came late, ends in a moment', 'CHECKED_IN', 'CHECKED_IN',
			t - interval '3 h', t + m, t - interval '1 h', NULL),
		('came, ended a moment ago', 'CHECKED_IN', 'COMPLETED',
			t - interval '3 h', t - m, t - interval '3 h', NULL),
		('came, open-ended', 'CHECKED_IN', 'CHECKED_IN', t - interval '3 h', NULL, t - interval '3 h', NULL),
		('came, open-ended', 'CONFIRMED', 'CHECKED_IN', t - interval '3 h', NULL, t - interval '3 h', NULL),
		('nobody came, open-ended', 'CONFIRMED', 'NO_SHOW', t - interval '3 h', NULL, NULL, NULL),
		('nobody came', 'CHECKED_IN', 'NO_SHOW', t - g, t + interval '2 h', NULL, NULL),
		('nobody has come yet', 'CHECKED_IN', 'CHECKED_IN', t - g + m, t + interval '2 h', NULL, NULL),
		('nobody came, ended', 'CHECKED_IN', 'NO_SHOW', t - interval '3 h', t - interval '1 h', NULL, NULL),
		('five minutes long, ends now', 'CONFIRMED', 'NO_SHOW', t - interval '5 min', t, NULL, NULL),
		('ends before it starts', 'CONFIRMED', 'CONFIRMED', t - interval '3 h', t - interval '4 h', NULL, NULL),
		('of 31 days ago', 'CONFIRMED', 'CONFIRMED',
			t - interval '31 days', t - interval '30 days 12 h', NULL, NULL),
		('came 31 days ago', 'CHECKED_IN', 'CHECKED_IN',
			t - interval '32 days', t - interval '31 days', t - interval '32 days', NULL),
		('the hold ends now', 'PENDING', 'EXPIRED', t + interval '1 h', t + interval '2 h', NULL, t),
		('the hold ends in a moment', 'PENDING', 'PENDING',
			t + interval '1 h', t + interval '2 h', NULL, t + m),
		('the hold ended a moment ago', 'PENDING', 'EXPIRED',
			t + interval '1 h', t + interval '2 h', NULL, t - m),
		('held to the start, now', 'PENDING', 'EXPIRED', t, t + interval '2 h', NULL, NULL),
		('held to the start, in a moment', 'PENDING', 'PENDING', t + m, t + interval '2 h', NULL, NULL),
		('held beyond the start, now', 'PENDING', 'EXPIRED', t, t + interval '2 h', NULL, t + interval '1 h'),
		('held beyond the start, in a moment', 'PENDING', 'PENDING',
			t + m, t + interval '2 h', NULL, t + interval '1 h'),
		('held until 31 days ago for tomorrow', 'PENDING', 'PENDING',
			t + interval '1 day', t + interval '2 days', NULL, t - interval '31 days'),
		('ends before it starts, the hold ends now', 'PENDING', 'PENDING',
			t + interval '2 h', t + interval '1 h', NULL, t),
		('is over', 'COMPLETED', 'COMPLETED', t - interval '3 h', t - interval '1 h', NULL, NULL),
		('is over', 'NO_SHOW', 'NO_SHOW', t - interval '3 h', t - interval '1 h', NULL, NULL),
		('is over', 'EXPIRED', 'EXPIRED', t - interval '3 h', t - interval '1 h', NULL, NULL),
		('is over', 'CANCELED', 'CANCELED', t - interval '3 h', t - interval '1 h', NULL, NULL)
		) AS c (what, was, becomes, s, e, came, hold);
	-- What is no booking.
	INSERT INTO desks.expected ("graceSeconds", what, was, becomes, starts, ends, hold, deleted)
	SELECT c.seconds, c.what, s::desks."BookingStatus", s::desks."BookingStatus", t - interval '3 h',
	       t - interval '1 h', t - interval '4 h', c.deleted
	  FROM (VALUES (-60, 'a negative grace', false, ARRAY['CONFIRMED', 'CHECKED_IN']),
		       (NULL, 'deleted', true, ARRAY['PENDING', 'CONFIRMED', 'CHECKED_IN']))
	       AS c (seconds, what, deleted, states), unnest(c.states) AS s
$$;

CREATE FUNCTION desks.fill(as_of timestamptz, moment interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE desks.expected, desks."Booking" RESTART IDENTITY;
	PERFORM desks.fill_cases(timezone('UTC', as_of), greatest(moment, '1 millisecond'));
	INSERT INTO desks."Booking" (id, "deskId", status, "startsAt", "endsAt", "checkedInAt", "holdUntil",
		"graceSeconds", "syncToken", revision, "updatedAt", "deletedAt")
	SELECT id, 'desk-' || n % 7, was, starts, ends, came, hold, "graceSeconds", token, 7, '2020-01-01 00:00',
	       CASE WHEN deleted THEN timestamp '2020-01-01 00:00' END
	  FROM desks.expected;
END $$;
