-- The houses and stays of etc/mappings/hotel.conf. As tests/mappings/parking.sql, which says how it works.
-- Every stay gets a house whose hours are such that it starts and ends at the instants of its case.
DROP SCHEMA IF EXISTS hotel CASCADE;
CREATE SCHEMA hotel;
CREATE TABLE hotel.house (
	id integer PRIMARY KEY,
	zone text NOT NULL,
	arrival_hour time NOT NULL,
	departure_hour time NOT NULL
);
CREATE TABLE hotel.stay (
	house_id integer NOT NULL REFERENCES hotel.house,
	number integer NOT NULL,
	status text NOT NULL,
	arrival date,
	departure date,
	guaranteed boolean NOT NULL,
	late_arrival interval,
	option_until date,
	balance numeric NOT NULL DEFAULT 0,
	closed_at timestamptz,
	updated_at timestamptz,
	PRIMARY KEY (house_id, number)
);
-- Arrival and departure in the house's own time.
CREATE TABLE hotel.expected (
	number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	zone text,
	what text,
	was text,
	becomes text,
	arrives timestamp,
	departs timestamp,
	late_arrival interval,
	guaranteed boolean,
	option_until date,
	balance numeric NOT NULL DEFAULT 0
);
CREATE VIEW hotel.wrong AS
SELECT e.number, e.zone, e.what, e.was, e.becomes, s.status AS found, s.closed_at, s.updated_at
  FROM hotel.expected AS e LEFT JOIN hotel.stay AS s USING (number)
 WHERE s.status IS DISTINCT FROM e.becomes
    OR (s.updated_at IS NULL) <> (e.was = e.becomes)
    OR (s.closed_at IS NULL) = (e.becomes = 'CLOSED' AND e.was <> 'CLOSED');

-- By instants: from s to e.
CREATE FUNCTION hotel.fill_instants(t timestamptz, m interval) RETURNS void LANGUAGE sql AS $$
	INSERT INTO hotel.expected (zone, what, was, becomes, arrives, departs, late_arrival, guaranteed)
	SELECT z.zone, c.what, c.was, c.becomes, timezone(z.zone, c.s), timezone(z.zone, c.e), c.late, c.paid
	  FROM (VALUES ('Europe/Berlin'), ('America/New_York'), ('Pacific/Auckland'), ('Asia/Kolkata'),
		       ('UTC')) AS z (zone)
	 CROSS JOIN (VALUES
		('may come in a moment', 'BOOKED', 'BOOKED', t + m, t + interval '2 days', NULL::interval, false),
		('may come now', 'BOOKED', 'BOOKED', t, t + interval '2 days', NULL, false),
		('three hours are over now', 'BOOKED', 'NO_SHOW',
			t - interval '3 h', t + interval '2 days', NULL, false),
		('three hours are over in a moment', 'BOOKED', 'BOOKED',
			t - interval '3 h' + m, t + interval '2 days', NULL, false),
		('three hours are over since a moment', 'BOOKED', 'NO_SHOW',
			t - interval '3 h' - m, t + interval '2 days', NULL, false),
		('an hour late is over now', 'BOOKED', 'NO_SHOW',
			t - interval '1 h', t + interval '2 days', '1 h', false),
		('an hour late is over in a moment', 'BOOKED', 'BOOKED',
			t - interval '1 h' + m, t + interval '2 days', '1 h', false),
		('not late at all, now', 'BOOKED', 'NO_SHOW', t, t + interval '2 days', '0', false),
		('not late at all, in a moment', 'BOOKED', 'BOOKED', t + m, t + interval '2 days', '0', false),
		('later than the departure, which is now', 'BOOKED', 'NO_SHOW',
			t - interval '10 h', t, '2 days', false),
		('later than the departure, in a moment', 'BOOKED', 'BOOKED',
			t - interval '10 h', t + m, '2 days', false),
		('late by less than nothing', 'BOOKED', 'BOOKED',
			t - interval '5 h', t + interval '2 days', '-1 h', false),
		('guaranteed, three hours are over', 'BOOKED', 'BOOKED',
			t - interval '3 h', t + interval '2 days', NULL, true),
		('guaranteed, should leave in a moment', 'BOOKED', 'BOOKED',
			t - interval '23 h', t + m, NULL, true),
		('guaranteed, should leave now', 'BOOKED', 'CHECKED_OUT', t - interval '23 h', t, NULL, true),
		('guaranteed, should have left a moment ago', 'BOOKED', 'CHECKED_OUT',
			t - interval '23 h', t - m, NULL, true),
		('should leave in a moment', 'IN_HOUSE', 'IN_HOUSE', t - interval '23 h', t + m, NULL, false),
		('should leave now', 'IN_HOUSE', 'CHECKED_OUT', t - interval '23 h', t, NULL, false),
		('should have left a moment ago', 'IN_HOUSE', 'CHECKED_OUT',
			t - interval '23 h', t - m, NULL, false),
		('without departure', 'IN_HOUSE', 'IN_HOUSE', t - interval '23 h', NULL, NULL, false),
		('leaves before he comes', 'IN_HOUSE', 'IN_HOUSE',
			t - interval '1 h', t - interval '50 h', NULL, false),
		('left 33 days ago', 'IN_HOUSE', 'IN_HOUSE',
			t - interval '35 days', t - interval '33 days', NULL, false),
		('without departure', 'CHECKED_OUT', 'CHECKED_OUT', t - interval '50 h', NULL, NULL, false),
		('is over', 'CLOSED', 'CLOSED', t - interval '72 h', t - interval '48 h', NULL, false),
		('is over', 'NO_SHOW', 'NO_SHOW', t - interval '72 h', t - interval '48 h', NULL, false),
		('is over', 'LAPSED', 'LAPSED', t - interval '72 h', t - interval '48 h', NULL, false),
		('is over', 'CANCELLED', 'CANCELLED', t - interval '72 h', t - interval '48 h', NULL, false),
		('an option that starts in a moment', 'OPTION', 'OPTION',
			t + m, t + interval '2 days', NULL, false),
		('an option that starts now', 'OPTION', 'LAPSED', t, t + interval '2 days', NULL, false)
		) AS c (what, was, becomes, s, e, late, paid)
	 -- In one hour of a year the clock of a house cannot say the instant that is meant.
	 WHERE (c.s IS NULL OR timezone(z.zone, timezone(z.zone, c.s)) = c.s)
	   AND (c.e IS NULL OR timezone(z.zone, timezone(z.zone, c.e)) = c.e)
$$;

-- By days on the clock of the house, which shows l now; not while that clock shows an hour again.
CREATE FUNCTION hotel.fill_days(t timestamptz, m interval) RETURNS void LANGUAGE sql AS $$
	INSERT INTO hotel.expected
	       (zone, what, was, becomes, arrives, departs, guaranteed, option_until, balance)
	SELECT z.zone, c.what, c.was, c.becomes, c.s, c.e, false, c.option_until, c.balance
	  FROM (VALUES ('Europe/Berlin'), ('America/New_York'), ('Pacific/Auckland'), ('Asia/Kolkata'),
		       ('UTC')) AS z (zone)
	 CROSS JOIN LATERAL (SELECT timezone(z.zone, t) AS l,
		timezone(z.zone, t + m - interval '1 microsecond')::date AS today) AS now
	 CROSS JOIN LATERAL (VALUES
		('left a day ago', 'CHECKED_OUT', 'CLOSED',
			l - interval '3 days', l - interval '1 day', NULL::date, 0),
		('left a moment less than a day ago', 'CHECKED_OUT', 'CHECKED_OUT',
			l - interval '3 days', l - interval '1 day' + m, NULL, 0),
		('left a moment more than a day ago', 'CHECKED_OUT', 'CLOSED',
			l - interval '3 days', l - interval '1 day' - m, NULL, 0),
		('left a day ago, owes something', 'CHECKED_OUT', 'CHECKED_OUT',
			l - interval '3 days', l - interval '1 day', NULL, 12.50),
		('left 60 days ago, has paid at last', 'CHECKED_OUT', 'CLOSED',
			l - interval '63 days', l - interval '60 days', NULL, 0),
		('left 92 days ago', 'CHECKED_OUT', 'CHECKED_OUT',
			l - interval '93 days', l - interval '92 days', NULL, 0),
		('should have left two days ago: both stages', 'IN_HOUSE', 'CLOSED',
			l - interval '3 days', l - interval '2 days', NULL, 0),
		('should have left two days ago, owes something', 'IN_HOUSE', 'CHECKED_OUT',
			l - interval '3 days', l - interval '2 days', NULL, 12.50),
		('an option until yesterday', 'OPTION', 'LAPSED',
			l + interval '5 days', l + interval '6 days', l::date - 1, 0),
		('an option until today', 'OPTION', 'OPTION',
			l + interval '5 days', l + interval '6 days', today, 0),
		('an option until 40 days ago', 'OPTION', 'OPTION',
			l + interval '5 days', l + interval '6 days', l::date - 40, 0),
		('an option until tomorrow for yesterday', 'OPTION', 'LAPSED',
			l - interval '1 day', l + interval '1 day', l::date + 1, 0)
		) AS c (what, was, becomes, s, e, option_until, balance)
	 WHERE timezone(z.zone, l) = t
$$;

-- Houses in Berlin on the nights in which the clock is changed: hours that pass are hours, and the same
-- hour of the next day is that hour on the clock.
CREATE FUNCTION hotel.fill_nights(t timestamptz) RETURNS void LANGUAGE sql AS $$
	INSERT INTO hotel.expected
	       (zone, what, was, becomes, arrives, departs, late_arrival, guaranteed)
	SELECT 'Europe/Berlin', c.what, c.was, c.becomes, c.s, c.e, c.late, false
	  FROM (VALUES
		(timestamptz '2026-03-29 02:00Z', 'twelve hours late end at four on the clock', 'BOOKED', 'NO_SHOW',
			timestamp '2026-03-28 15:00', timestamp '2026-03-30 11:00', interval '12 h'),
		('2026-03-29 02:00Z', 'twelve hours late end a moment past four', 'BOOKED', 'BOOKED',
			'2026-03-28 15:00:00.000001', '2026-03-30 11:00', '12 h'),
		('2026-10-25 01:00Z', 'twelve hours late end at two on the clock', 'BOOKED', 'NO_SHOW',
			'2026-10-24 15:00', '2026-10-26 11:00', '12 h'),
		('2026-10-25 01:00Z', 'twelve hours late end a moment past two', 'BOOKED', 'BOOKED',
			'2026-10-24 15:00:00.000001', '2026-10-26 11:00', '12 h'),
		('2026-10-25 09:59:59.999999Z', 'a day of 25 hours is over in a moment', 'CHECKED_OUT', 'CHECKED_OUT',
			'2026-10-20 15:00', '2026-10-24 11:00', NULL),
		('2026-10-25 10:00Z', 'a day of 25 hours is over now', 'CHECKED_OUT', 'CLOSED',
			'2026-10-20 15:00', '2026-10-24 11:00', NULL)
		) AS c (night, what, was, becomes, s, e, late)
	 WHERE c.night = t
$$;

CREATE FUNCTION hotel.fill(as_of timestamptz, moment interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE hotel.expected, hotel.stay, hotel.house RESTART IDENTITY;
	PERFORM hotel.fill_instants(as_of, moment), hotel.fill_days(as_of, moment), hotel.fill_nights(as_of);
	INSERT INTO hotel.house (id, zone, arrival_hour, departure_hour)
	SELECT row_number() OVER (ORDER BY zone, arrival_hour, departure_hour), zone, arrival_hour, departure_hour
	  FROM (SELECT DISTINCT zone, coalesce(arrives::time, '15:00') AS arrival_hour,
		       coalesce(departs::time, '11:00') AS departure_hour
		  FROM hotel.expected) AS q;
	INSERT INTO hotel.stay (house_id, number, status, arrival, departure, guaranteed, late_arrival,
		option_until, balance)
	SELECT h.id, e.number, e.was, e.arrives::date, e.departs::date, e.guaranteed, e.late_arrival,
	       e.option_until, e.balance
	  FROM hotel.expected AS e
	  JOIN hotel.house AS h ON h.zone = e.zone AND h.arrival_hour = coalesce(e.arrives::time, '15:00')
	   AND h.departure_hour = coalesce(e.departs::time, '11:00');
END $$;
