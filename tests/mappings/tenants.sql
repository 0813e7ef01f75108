-- The rooms of etc/mappings/tenants.conf, and bookings for its test. As tests/mappings/parking.sql, which says
-- how it works.
DROP SCHEMA IF EXISTS saas CASCADE;
CREATE SCHEMA saas;
CREATE TABLE saas.tenant (id integer PRIMARY KEY, uses_bk boolean NOT NULL, suspended_at timestamptz);
CREATE TABLE saas.settings (
	tenant_id integer PRIMARY KEY REFERENCES saas.tenant,
	grace_seconds integer,
	answer_within interval
);
CREATE TABLE saas.booking (
	tenant_id integer NOT NULL REFERENCES saas.tenant,
	id bigint NOT NULL,
	state text NOT NULL,
	during tstzrange,
	requested_at timestamptz NOT NULL,
	checked_in_at timestamptz,
	state_reason text,
	PRIMARY KEY (tenant_id, id)
) PARTITION BY LIST (tenant_id);
CREATE TABLE saas.booking_1 PARTITION OF saas.booking FOR VALUES IN (1, 2);
CREATE TABLE saas.booking_2 PARTITION OF saas.booking FOR VALUES IN (3);
CREATE TABLE saas.booking_rest PARTITION OF saas.booking DEFAULT;
CREATE TABLE saas.outbox (
	n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant_id integer NOT NULL,
	booking_id bigint NOT NULL,
	event text NOT NULL
);
-- A session of the application sees the bookings of one tenant.
ALTER TABLE saas.booking ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON saas.booking
	USING (tenant_id = nullif(current_setting('saas.tenant', true), '')::integer);

CREATE TABLE saas.expected (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant_id integer,
	what text,
	was text,
	becomes text,
	during tstzrange,
	came timestamptz,
	requested timestamptz
);
CREATE VIEW saas.wrong AS
SELECT e.tenant_id, e.id, e.what, e.was, e.becomes, b.state AS found, b.state_reason, told.events
  FROM saas.expected AS e
  LEFT JOIN saas.booking AS b USING (tenant_id, id)
 CROSS JOIN LATERAL (SELECT coalesce(string_agg(o.event, ', '), '') AS events FROM saas.outbox AS o
		      WHERE o.tenant_id = e.tenant_id AND o.booking_id = e.id) AS told
 WHERE b.state IS DISTINCT FROM e.becomes
    OR told.events <> CASE WHEN e.was = e.becomes THEN '' ELSE 'booking.' || lower(e.becomes) END
    OR b.state_reason IS DISTINCT FROM CASE WHEN e.was = e.becomes THEN NULL
	WHEN e.becomes = 'NO_SHOW' THEN 'nobody checked in'
	WHEN e.becomes = 'DECLINED' THEN 'not answered in time' END;

-- Tenant 1 gives ten minutes and answers within two hours; 2 has no grace and need not answer; 3 gives no
-- minute and answers within half an hour; 6 has no settings at all, which is as 2. Nothing may happen at 4, who
-- is suspended, and at 5, who does not want bk.
-- g is the grace, NULL = no no-shows; a how long an answer may take, for those without one a time that does
-- not matter.
CREATE FUNCTION saas.fill_cases(t timestamptz, m interval) RETURNS void LANGUAGE sql AS $$
	INSERT INTO saas.expected (tenant_id, what, was, becomes, during, came, requested)
	SELECT w.tenant_id, c.what, c.was, CASE WHEN w.lives THEN c.becomes ELSE c.was END, c.during, c.came, c.requested
	  FROM (VALUES (1, true, interval '10 min', interval '2 h'), (2, true, NULL, NULL),
		       (3, true, '0', '30 min'), (4, false, '10 min', '2 h'), (5, false, '10 min', '2 h'),
		       (6, true, NULL, NULL)) AS w (tenant_id, lives, grace, answer)
	 CROSS JOIN LATERAL (SELECT coalesce(w.grace, '10 min') AS g, coalesce(w.answer, '2 h') AS a,
		w.grace = '0' AS strict, w.grace IS NULL AS endless, w.answer IS NULL AS silent) AS x
	 CROSS JOIN LATERAL (VALUES
		('starts in a moment', 'CONFIRMED', 'CONFIRMED',
			tstzrange(t + m, t + interval '2 h'), NULL::timestamptz, t - interval '1 day'),
		('starts now', 'CONFIRMED', CASE WHEN strict THEN 'NO_SHOW' ELSE 'ACTIVE' END,
			tstzrange(t, t + interval '2 h'), NULL, t - interval '1 day'),
		('started a moment ago', 'CONFIRMED', CASE WHEN strict THEN 'NO_SHOW' ELSE 'ACTIVE' END,
			tstzrange(t - m, t + interval '2 h'), NULL, t - interval '1 day'),
		('the grace ends now', 'CONFIRMED', CASE WHEN endless THEN 'ACTIVE' ELSE 'NO_SHOW' END,
			tstzrange(t - g, t + interval '2 h'), NULL, t - interval '1 day'),
		('the grace ends in a moment', 'CONFIRMED', CASE WHEN strict THEN 'CONFIRMED' ELSE 'ACTIVE' END,
			tstzrange(t - g + m, t + interval '2 h'), NULL, t - interval '1 day'),
		('the grace ends now', 'ACTIVE', CASE WHEN endless THEN 'ACTIVE' ELSE 'NO_SHOW' END,
			tstzrange(t - g, t + interval '2 h'), NULL, t - interval '1 day'),
		('came when the grace ended', 'CONFIRMED', CASE WHEN endless THEN 'ACTIVE' ELSE 'NO_SHOW' END,
			tstzrange(t - g - m, t + interval '2 h'), t - m, t - interval '1 day'),
		('came a moment before that', 'CONFIRMED', 'ACTIVE',
			tstzrange(t - g - m, t + interval '2 h'), t - m - m, t - interval '1 day'),
		('came, ends in a moment', 'ACTIVE', 'ACTIVE',
			tstzrange(t - interval '1 h', t + m), t - interval '61 min', t - interval '1 day'),
		('came, ends now', 'ACTIVE', 'COMPLETED',
			tstzrange(t - interval '1 h', t), t - interval '61 min', t - interval '1 day'),
		('came, ended a moment ago', 'CONFIRMED', 'COMPLETED',
			tstzrange(t - interval '1 h', t - m), t - interval '61 min', t - interval '1 day'),
		('nobody came, ends now', 'CONFIRMED', CASE WHEN endless THEN 'EXPIRED' ELSE 'NO_SHOW' END,
			tstzrange(t - interval '1 h', t), NULL, t - interval '1 day'),
		('nobody came, ends now', 'ACTIVE', CASE WHEN endless THEN 'EXPIRED' ELSE 'NO_SHOW' END,
			tstzrange(t - interval '1 h', t), NULL, t - interval '1 day'),
		('nobody came, ends in a moment', 'ACTIVE', CASE WHEN endless THEN 'ACTIVE' ELSE 'NO_SHOW' END,
			tstzrange(t - interval '1 h', t + m), NULL, t - interval '1 day'),
		('open-ended, came', 'CONFIRMED', 'ACTIVE',
			tstzrange(t - interval '1 h', NULL), t - interval '61 min', t - interval '1 day'),
		('open-ended, nobody came', 'ACTIVE', CASE WHEN endless THEN 'ACTIVE' ELSE 'NO_SHOW' END,
			tstzrange(t - interval '1 h', NULL), NULL, t - interval '1 day'),
		('since ever', 'CONFIRMED', 'CONFIRMED',
			tstzrange(NULL, t - interval '1 h'), NULL, t - interval '1 day'),
		('for ever', 'CONFIRMED', 'CONFIRMED',
			tstzrange(t - interval '1 h', 'infinity'), NULL, t - interval '1 day'),
		('never', 'CONFIRMED', 'CONFIRMED', 'empty', NULL, t - interval '1 day'),
		('without a time', 'ACTIVE', 'ACTIVE', NULL, t - interval '1 h', t - interval '1 day'),
		('of 31 days ago', 'CONFIRMED', 'CONFIRMED',
			tstzrange(t - interval '32 days', t - interval '31 days'), NULL, t - interval '40 days'),
		('the answer is due now', 'REQUESTED', CASE WHEN silent THEN 'REQUESTED' ELSE 'DECLINED' END,
			tstzrange(t + interval '1 h', t + interval '2 h'), NULL, t - a),
		('the answer is due in a moment', 'REQUESTED', 'REQUESTED',
			tstzrange(t + interval '1 h', t + interval '2 h'), NULL, t - a + m),
		('the answer was due a moment ago', 'REQUESTED', CASE WHEN silent THEN 'REQUESTED' ELSE 'DECLINED' END,
			tstzrange(t + interval '1 h', t + interval '2 h'), NULL, t - a - m),
		('not answered, starts now', 'REQUESTED', 'EXPIRED',
			tstzrange(t, t + interval '2 h'), NULL, t - interval '3 h'),
		('not answered, starts in a moment', 'REQUESTED', CASE WHEN silent THEN 'REQUESTED' ELSE 'DECLINED' END,
			tstzrange(t + m, t + interval '2 h'), NULL, t - interval '3 h'),
		('asked for just now, starts now', 'REQUESTED', 'EXPIRED',
			tstzrange(t, t + interval '2 h'), NULL, t - interval '1 min'),
		('asked for 31 days ago for tomorrow', 'REQUESTED', 'REQUESTED',
			tstzrange(t + interval '1 day', t + interval '2 days'), NULL, t - interval '31 days'),
		('is over', 'COMPLETED', 'COMPLETED',
			tstzrange(t - interval '2 h', t - interval '1 h'), NULL, t - interval '1 day'),
		('is over', 'NO_SHOW', 'NO_SHOW',
			tstzrange(t - interval '2 h', t - interval '1 h'), NULL, t - interval '1 day'),
		('is over', 'EXPIRED', 'EXPIRED',
			tstzrange(t - interval '2 h', t - interval '1 h'), NULL, t - interval '1 day'),
		('is over', 'CANCELLED', 'CANCELLED',
			tstzrange(t - interval '2 h', t - interval '1 h'), NULL, t - interval '1 day'),
		('is over', 'DECLINED', 'DECLINED',
			tstzrange(t - interval '2 h', t - interval '1 h'), NULL, t - interval '1 day')
		) AS c (what, was, becomes, during, came, requested)
$$;

CREATE FUNCTION saas.fill(as_of timestamptz, moment interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE saas.expected, saas.outbox, saas.booking, saas.settings, saas.tenant RESTART IDENTITY;
	INSERT INTO saas.tenant (id, uses_bk, suspended_at)
	SELECT i, i <> 5, CASE WHEN i = 4 THEN as_of - interval '1 year' END FROM generate_series(1, 6) AS i;
	INSERT INTO saas.settings VALUES (1, 600, '2 h'), (2, NULL, NULL), (3, 0, '30 min'), (4, 600, '2 h'),
		(5, 600, '2 h');
	PERFORM saas.fill_cases(as_of, moment);
	INSERT INTO saas.booking (tenant_id, id, state, during, requested_at, checked_in_at)
	SELECT tenant_id, id, was, during, requested, came FROM saas.expected;
END $$;
