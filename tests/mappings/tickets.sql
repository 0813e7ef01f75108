-- The ticket shop of etc/mappings/tickets.conf, and seats for its test. As tests/mappings/parking.sql, which
-- says how it works. The column holds milliseconds, so a moment is one at least.
DROP SCHEMA IF EXISTS tickets CASCADE;
CREATE SCHEMA tickets;
CREATE TABLE tickets.basket_seat (
	basket uuid,
	seat text,
	state varchar(12) NOT NULL,
	expires_ms bigint,
	PRIMARY KEY (basket, seat)
);
CREATE TABLE tickets.expected (
	basket uuid,
	seat text,
	what text,
	was text,
	becomes text,
	expires_ms bigint,
	PRIMARY KEY (basket, seat)
);
CREATE VIEW tickets.wrong AS
SELECT e.basket, e.seat, e.what, e.was, e.becomes, s.state AS found
  FROM tickets.expected AS e LEFT JOIN tickets.basket_seat AS s USING (basket, seat)
 WHERE s.state IS DISTINCT FROM e.becomes;

-- t in milliseconds since 1970.
CREATE FUNCTION tickets.fill_cases(t bigint, m bigint) RETURNS void LANGUAGE sql AS $$
	INSERT INTO tickets.expected
	SELECT md5(g::text)::uuid, (ARRAY['A 1', 'Box "Royal", 3', 'it''s {here}', '\n', 'Ä-7', '', ' ', 'NULL'])[g]
		|| ' no ' || row_number() OVER (), c.what, c.was, c.becomes, c.expires
	  FROM generate_series(1, 8) AS g
	 CROSS JOIN (VALUES
		('expires now', 'HELD', 'RELEASED', t),
		('expires in a moment', 'HELD', 'HELD', t + m),
		('expired a moment ago', 'HELD', 'RELEASED', t - m),
		('expired an hour ago', 'HELD', 'RELEASED', t - 3600000),
		('expires in an hour', 'HELD', 'HELD', t + 3600000),
		('expired 29 days ago', 'HELD', 'RELEASED', t - 29 * bigint '86400000'),
		('expired 31 days ago', 'HELD', 'HELD', t - 31 * bigint '86400000'),
		('never expires', 'HELD', 'HELD', NULL),
		('expired in 1970', 'HELD', 'HELD', 0),
		('expired in 1969', 'HELD', 'HELD', -1000),
		('expires in a thousand years', 'HELD', 'HELD', t + 365000 * bigint '86400000'),
		('expired now', 'PAYING', 'PAYING', t),
		('expired five minutes ago', 'PAYING', 'RELEASED', t - 300000),
		('expired a moment less than five minutes ago', 'PAYING', 'PAYING', t - 300000 + m),
		('expired a moment more than five minutes ago', 'PAYING', 'RELEASED', t - 300000 - m),
		('expired 29 days ago', 'PAYING', 'RELEASED', t - 29 * bigint '86400000'),
		('expired 31 days ago', 'PAYING', 'PAYING', t - 31 * bigint '86400000'),
		('never expires', 'PAYING', 'PAYING', NULL),
		('is sold', 'SOLD', 'SOLD', t - 3600000),
		('is sold', 'SOLD', 'SOLD', NULL),
		('is kept for the box office', 'BOX_OFFICE', 'BOX_OFFICE', t - 3600000),
		('was released', 'RELEASED', 'RELEASED', t - 3600000),
		('was released by hand', 'RELEASED', 'RELEASED', t + 3600000),
		('was refunded', 'REFUNDED', 'REFUNDED', t - 3600000)
		) AS c (what, was, becomes, expires)
$$;

CREATE FUNCTION tickets.fill(as_of timestamptz, moment interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE tickets.expected, tickets.basket_seat;
	PERFORM tickets.fill_cases(floor(extract(epoch FROM as_of) * 1000)::bigint,
		greatest(1, extract(epoch FROM moment) * 1000)::bigint);
	INSERT INTO tickets.basket_seat SELECT basket, seat, was, expires_ms FROM tickets.expected;
END $$;
