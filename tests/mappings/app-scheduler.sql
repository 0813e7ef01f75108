-- The table of etc/mappings/app-scheduler.conf, and bookings for its test. As tests/mappings/parking.sql, which
-- says how it works.
DROP SCHEMA IF EXISTS app_scheduler CASCADE;
DROP TABLE IF EXISTS public.bookings;
CREATE SCHEMA app_scheduler;
CREATE TABLE public.bookings (
	id bigint PRIMARY KEY,
	user_id bigint NOT NULL,
	status varchar(20) NOT NULL CHECK (status IN ('UPCOMING', 'ACTIVE', 'COMPLETED', 'CANCELLED', 'EXPIRED')),
	start_time timestamp NOT NULL,
	end_time timestamp,
	check_in_time timestamp,
	version bigint NOT NULL,
	updated_at timestamp
);
CREATE TABLE app_scheduler.expected (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id bigint,
	what text,
	was text,
	becomes text,
	starts timestamp,
	ends timestamp,
	came timestamp
);
CREATE VIEW app_scheduler.wrong AS
SELECT e.id, e.what, e.was, e.becomes, b.status AS found, b.version, b.updated_at
  FROM app_scheduler.expected AS e LEFT JOIN public.bookings AS b USING (id)
 WHERE b.status IS DISTINCT FROM e.becomes
    OR b.version <> CASE WHEN e.was = e.becomes THEN 3 ELSE 4 END
    OR CASE WHEN e.was = e.becomes THEN b.updated_at IS NOT NULL
	    ELSE b.updated_at IS NULL
		 OR b.updated_at NOT BETWEEN timezone('Europe/Berlin', clock_timestamp()) - interval '30 min'
				     AND timezone('Europe/Berlin', clock_timestamp()) + interval '1 s' END;

CREATE FUNCTION app_scheduler.fill_cases(t timestamptz, m interval) RETURNS void LANGUAGE sql AS $$
	INSERT INTO app_scheduler.expected (user_id, what, was, becomes, starts, ends, came)
	SELECT u, c.what, c.was, c.becomes, timezone('Europe/Berlin', c.s), timezone('Europe/Berlin', c.e),
	       timezone('Europe/Berlin', c.came)
	  FROM generate_series(1, 6) AS u
	 CROSS JOIN (VALUES
		('starts in a moment', 'UPCOMING', 'UPCOMING', t + m, t + interval '1 h', NULL::timestamptz),
		('starts now: the old rules did either', 'UPCOMING', 'ACTIVE', t, t + interval '1 h', NULL),
		('started a moment ago', 'UPCOMING', 'ACTIVE', t - m, t + interval '1 h', NULL),
		('a quarter of an hour is over in a moment', 'UPCOMING', 'ACTIVE',
			t - interval '15 min' + m, t + interval '1 h', NULL),
		('a quarter of an hour is over now', 'UPCOMING', 'EXPIRED',
			t - interval '15 min', t + interval '1 h', NULL),
		('a quarter of an hour is over since a moment', 'UPCOMING', 'EXPIRED',
			t - interval '15 min' - m, t + interval '1 h', NULL),
		('came in time', 'UPCOMING', 'ACTIVE', t - interval '1 h', t + interval '1 h', t - interval '50 min'),
		('came early', 'UPCOMING', 'UPCOMING', t + m, t + interval '1 h', t - interval '5 min'),
		('came when the quarter was over', 'UPCOMING', 'EXPIRED',
			t - interval '1 h', t + interval '1 h', t - interval '45 min'),
		('came a moment before that', 'UPCOMING', 'ACTIVE',
			t - interval '1 h', t + interval '1 h', t - interval '45 min' - m),
		('came in time, was never active, ends now', 'UPCOMING', 'COMPLETED',
			t - interval '1 h', t, t - interval '50 min'),
		('nobody came, was never active, ended', 'UPCOMING', 'EXPIRED',
			t - interval '2 h', t - interval '1 h', NULL),
		('five minutes long, ends now', 'UPCOMING', 'EXPIRED', t - interval '5 min', t, NULL),
		('ends before it starts', 'UPCOMING', 'UPCOMING', t - interval '1 h', t - interval '2 h', NULL),
		('open-ended, came in time', 'UPCOMING', 'ACTIVE', t - interval '1 h', NULL, t - interval '50 min'),
		('open-ended, nobody came', 'UPCOMING', 'EXPIRED', t - interval '1 h', NULL, NULL),
		('of 31 days ago', 'UPCOMING', 'UPCOMING', t - interval '31 days', t - interval '30 days 12 h', NULL),
		('of 29 days ago', 'UPCOMING', 'EXPIRED', t - interval '29 days', t - interval '28 days 12 h', NULL),
		('a quarter of an hour is over in a moment', 'ACTIVE', 'ACTIVE',
			t - interval '15 min' + m, t + interval '1 h', NULL),
		('a quarter of an hour is over now', 'ACTIVE', 'EXPIRED',
			t - interval '15 min', t + interval '1 h', NULL),
		('came in time, ends in a moment', 'ACTIVE', 'ACTIVE',
			t - interval '1 h', t + m, t - interval '50 min'),
		('came in time, ends now', 'ACTIVE', 'COMPLETED', t - interval '1 h', t, t - interval '50 min'),
		('came in time, ended a moment ago', 'ACTIVE', 'COMPLETED',
			t - interval '1 h', t - m, t - interval '50 min'),
		('came too late, ended', 'ACTIVE', 'EXPIRED',
			t - interval '3 h', t - interval '1 h', t - interval '2 h'),
		('nobody came, ended', 'ACTIVE', 'EXPIRED', t - interval '3 h', t - interval '1 h', NULL),
		('open-ended, came in time', 'ACTIVE', 'ACTIVE', t - interval '1 h', NULL, t - interval '50 min'),
		('came in time, ended 31 days ago', 'ACTIVE', 'ACTIVE',
			t - interval '32 days', t - interval '31 days', t - interval '32 days'),
		('is over', 'COMPLETED', 'COMPLETED', t - interval '2 h', t - interval '1 h', t - interval '2 h'),
		('is over', 'EXPIRED', 'EXPIRED', t - interval '2 h', t - interval '1 h', NULL),
		('was expired at its start, came in time', 'EXPIRED', 'EXPIRED',
			t - interval '1 h', t + interval '1 h', t - interval '1 h'),
		('was called off', 'CANCELLED', 'CANCELLED', t - interval '1 h', t + interval '1 h', NULL),
		('was called off, came all the same', 'CANCELLED', 'CANCELLED',
			t - interval '2 h', t - interval '1 h', t - interval '2 h'),
		('is called off for tomorrow', 'CANCELLED', 'CANCELLED',
			t + interval '1 day', t + interval '25 h', NULL)
		) AS c (what, was, becomes, s, e, came)
	 -- In one hour of a year the clock on the wall cannot say the instant that is meant.
	 WHERE NOT EXISTS (SELECT FROM unnest(ARRAY[c.s, c.e, c.came]) AS i
		WHERE timezone('Europe/Berlin', timezone('Europe/Berlin', i)) <> i)
$$;

CREATE FUNCTION app_scheduler.fill(as_of timestamptz, moment interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE app_scheduler.expected, public.bookings RESTART IDENTITY;
	PERFORM app_scheduler.fill_cases(as_of, moment);
	INSERT INTO public.bookings (id, user_id, status, start_time, end_time, check_in_time, version)
	SELECT id, user_id, was, starts, ends, came, 3 FROM app_scheduler.expected;
END $$;
