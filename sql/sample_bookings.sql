-- 100,000 bookings for trials, in public.bookings, which must be empty. A script.
-- The same bookings every time, but for now(): chance is a hash of the row's
-- number. With the default configuration some thousands are due for each of the
-- four jobs, fewer than 10,000, so that a first run is let through. Two tables
-- say what there is: `edge`, every case of the rules on its exact boundary, ten
-- times each; and `kind`, what a company has, its last row taking the rest.
INSERT INTO public.bookings
       (resource_id, customer_id, reference, status, starts_at, ends_at, checked_in_at,
	hold_expires_at, grace_minutes, created_at, updated_at)
WITH edge (status, s, e, c, h, g) AS (VALUES
	-- Times are offsets from now, or infinite. The grace is 15 minutes where g is NULL.
	-- The start: before it nothing, from it on active.
	('CONFIRMED', '00:00:00.000001', '1 hour', NULL, NULL, NULL::integer),
	('CONFIRMED', '0', '1 hour', NULL, NULL, NULL),
	('CONFIRMED', '-00:00:00.000001', '1 hour', NULL, NULL, NULL),
	('CONFIRMED', '0', NULL, NULL, NULL, NULL),
	-- The deadline: reached without a check-in before it, a no-show.
	('CONFIRMED', '-00:14:59.999999', '1 hour', NULL, NULL, NULL),
	('CONFIRMED', '-00:15:00', '1 hour', NULL, NULL, NULL),
	('CONFIRMED', '-00:15:00', NULL, NULL, NULL, NULL),
	('CONFIRMED', '-00:15:00', '1 hour', '-00:00:00.000001', NULL, NULL),
	('CONFIRMED', '-00:15:00', '1 hour', '0', NULL, NULL),
	('CONFIRMED', '-01:00:00', '1 hour', '-00:45:00', NULL, NULL),
	('CONFIRMED', '-01:00:00', '1 hour', '-01:10:00', NULL, NULL),
	('CONFIRMED', '-00:05:00', '1 hour', '00:05:00', NULL, NULL),
	('CONFIRMED', '-01:00:00', '1 hour', 'infinity', NULL, NULL),
	('CONFIRMED', '-01:00:00', '1 hour', '-infinity', NULL, NULL),
	('ACTIVE', '-00:14:59.999999', '1 hour', NULL, NULL, NULL),
	('ACTIVE', '-00:15:00', '1 hour', NULL, NULL, NULL),
	('ACTIVE', '-00:15:00', NULL, NULL, NULL, NULL),
	('ACTIVE', '-01:00:00', '1 hour', '-00:45:00', NULL, NULL),
	-- A grace of its own: none at all, the longest, one beyond the end, and a fault in the data.
	('CONFIRMED', '0', '1 hour', NULL, NULL, 0),
	('CONFIRMED', '0', '1 hour', '-00:00:00.000001', NULL, 0),
	('CONFIRMED', '0', '1 hour', '0', NULL, 0),
	('CONFIRMED', '-01:00:00', '1 hour', NULL, NULL, 2147483647),
	('CONFIRMED', '-01:00:00', NULL, NULL, NULL, 2147483647),
	('CONFIRMED', '-02:00:00', '0', NULL, NULL, 600),
	('CONFIRMED', '-01:00:00', '1 hour', NULL, NULL, -1),
	('ACTIVE', '-02:00:00', '-01:00:00', '-02:00:00', NULL, -15),
	-- The end: reached after a check-in, completed, also by who was never active.
	('ACTIVE', '-01:00:00', '00:00:00.000001', '-01:00:00', NULL, NULL),
	('ACTIVE', '-01:00:00', '0', '-01:00:00', NULL, NULL),
	('ACTIVE', '-01:00:00', '0', NULL, NULL, NULL),
	('ACTIVE', '-01:00:00', NULL, '-01:00:00', NULL, NULL),
	('CONFIRMED', '-01:00:00', '0', '-01:00:00', NULL, NULL),
	('CONFIRMED', '-01:00:00', '0', NULL, NULL, NULL),
	('CONFIRMED', '-00:10:00', '0', NULL, NULL, NULL),
	-- No length at all: start, deadline and end are one instant.
	('CONFIRMED', '0', '0', NULL, NULL, NULL),
	('CONFIRMED', '0', '0', '-00:00:00.000001', NULL, NULL),
	('CONFIRMED', '0', '0', '0', NULL, NULL),
	('CONFIRMED', '00:30:00', '00:30:00', NULL, NULL, NULL),
	('ACTIVE', '0', '0', '-00:01:00', NULL, NULL),
	-- No booking's times: no rule touches these.
	('CONFIRMED', '-01:00:00', '-02:00:00', NULL, NULL, NULL),
	('ACTIVE', '-01:00:00', '-02:00:00', '-01:00:00', NULL, NULL),
	('PENDING', '-01:00:00', '-02:00:00', NULL, '-03:00:00', NULL),
	('CONFIRMED', '-infinity', '1 hour', NULL, NULL, NULL),
	('CONFIRMED', 'infinity', NULL, NULL, NULL, NULL),
	('CONFIRMED', '-01:00:00', 'infinity', '-01:00:00', NULL, NULL),
	('ACTIVE', '-01:00:00', 'infinity', '-01:00:00', NULL, NULL),
	('ACTIVE', '-01:00:00', '-infinity', '-01:00:00', NULL, NULL),
	('PENDING', 'infinity', NULL, NULL, '-01:00:00', NULL),
	-- A hold: until its deadline, and never beyond the start.
	('PENDING', '1 day', '25 hours', NULL, '00:00:00.000001', NULL),
	('PENDING', '1 day', '25 hours', NULL, '0', NULL),
	('PENDING', '1 day', '25 hours', NULL, '-infinity', NULL),
	('PENDING', '1 day', '25 hours', NULL, 'infinity', NULL),
	('PENDING', '0', '1 hour', NULL, NULL, NULL),
	('PENDING', '0', '1 hour', NULL, '0', NULL),
	('PENDING', '0', '1 hour', NULL, '00:30:00', NULL),
	('PENDING', '00:00:00.000001', '1 hour', NULL, '00:30:00', NULL),
	('PENDING', '-01:00:00', NULL, NULL, 'infinity', NULL),
	('PENDING', '1 day', '25 hours', NULL, '-00:01:00', -1),
	-- As old as max-age lets a job see, and a second older.
	('CONFIRMED', '-30 days', '1 hour', '-30 days', NULL, NULL),
	('CONFIRMED', '-30 days -00:00:01', '1 hour', '-30 days', NULL, NULL),
	('ACTIVE', '-31 days', '-30 days', '-31 days', NULL, NULL),
	('ACTIVE', '-31 days', '-30 days -00:00:01', '-31 days', NULL, NULL),
	('PENDING', '1 day', '25 hours', NULL, '-30 days', NULL),
	('PENDING', '1 day', '25 hours', NULL, '-30 days -00:00:01', NULL),
	-- Ends stay what they are.
	('COMPLETED', '0', '0', NULL, '0', NULL),
	('NO_SHOW', '-00:15:00', '0', '-00:15:00', NULL, NULL),
	('EXPIRED', '0', '1 hour', NULL, '0', NULL),
	('CANCELLED', '0', '1 hour', NULL, '0', NULL)
), kind (part, n, status, s1, s2, len1, len2, c1, c2, h1, h2, g) AS (VALUES
	-- n bookings that start s1..s2 minutes from now and last len1..len2 minutes (NULL: open-ended);
	-- check-in c1..c2 minutes after the start; the hold ends h1..h2 minutes from now.
	-- Due for activate-due: the start is reached, the customer is expected or there.
	(1, 1500, 'CONFIRMED', -12, 0, 45, 480, NULL::int, NULL::int, NULL::int, NULL::int, NULL::int),
	(2, 1700, 'CONFIRMED', -240, -20, 300, 900, -20, 14, NULL, NULL, NULL),
	(3, 300, 'CONFIRMED', -240, -20, NULL, NULL, -20, 14, NULL, NULL, NULL),
	(4, 500, 'CONFIRMED', -110, -20, 240, 600, NULL, NULL, NULL, NULL, 120),
	-- Due for cancel-no-shows: nobody came before the grace ran out.
	(5, 1600, 'CONFIRMED', -14400, -20, 30, 480, NULL, NULL, NULL, NULL, NULL),
	(6, 1200, 'ACTIVE', -180, -20, 200, 900, NULL, NULL, NULL, NULL, NULL),
	(7, 150, 'ACTIVE', -600, -50, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(8, 300, 'ACTIVE', -240, -60, 30, 900, 16, 60, NULL, NULL, NULL),
	(9, 250, 'CONFIRMED', -120, -1, 30, 480, NULL, NULL, NULL, NULL, 0),
	-- Due for update-completed: the end is reached, the customer was there.
	(10, 4000, 'ACTIVE', -14400, -500, 30, 480, -20, 14, NULL, NULL, NULL),
	(11, 1000, 'CONFIRMED', -14400, -500, 30, 480, -20, 14, NULL, NULL, NULL),
	-- Due for update-expired: the hold ran out, or the start came first.
	(12, 2500, 'PENDING', 600, 43200, 30, 480, NULL, NULL, -2880, 0, NULL),
	(13, 600, 'PENDING', -14400, 0, 30, 480, NULL, NULL, NULL, NULL, NULL),
	(14, 400, 'PENDING', -180, 0, 30, 480, NULL, NULL, 10, 600, NULL),
	-- Due for longer than max-age: changed only with --backlog.
	(15, 150, 'CONFIRMED', -86400, -46000, 90000, 130000, -20, 14, NULL, NULL, NULL),
	(16, 300, 'CONFIRMED', -576000, -46000, 30, 480, NULL, NULL, NULL, NULL, NULL),
	(17, 200, 'ACTIVE', -576000, -46000, 30, 480, -20, 14, NULL, NULL, NULL),
	(18, 200, 'PENDING', -576000, -46000, 30, 480, NULL, NULL, NULL, NULL, NULL),
	-- Nothing to do: to come, in progress, ended.
	(19, 17000, 'CONFIRMED', 6, 86400, 30, 480, NULL, NULL, NULL, NULL, NULL),
	(20, 1000, 'CONFIRMED', 6, 86400, 30, 480, NULL, NULL, NULL, NULL, 30),
	(21, 3000, 'PENDING', 2000, 86400, 30, 480, NULL, NULL, 30, 1440, NULL),
	(22, 500, 'PENDING', 2000, 86400, 30, 480, NULL, NULL, NULL, NULL, NULL),
	(23, 3000, 'ACTIVE', -240, -20, 300, 900, -20, 14, NULL, NULL, NULL),
	(24, 500, 'ACTIVE', -2880, -20, NULL, NULL, -20, 14, NULL, NULL, NULL),
	(25, 5000, 'NO_SHOW', -86400, -600, 30, 480, NULL, NULL, NULL, NULL, NULL),
	(26, 6000, 'EXPIRED', -86400, -600, 30, 480, NULL, NULL, -90000, -700, NULL),
	(27, 8000, 'CANCELLED', -86400, 43200, 30, 480, NULL, NULL, NULL, NULL, NULL),
	(28, 100000, 'COMPLETED', -86400, -600, 30, 480, -20, 14, NULL, NULL, NULL)
), edges AS (
	SELECT 10 * count(*) AS total FROM edge
), ranges AS (
	SELECT kind.*, edges.total + sum(n) OVER (ORDER BY part) - n AS after,
	       edges.total + sum(n) OVER (ORDER BY part) AS upto
	  FROM kind, edges
), chance AS (
	SELECT i,
	       ('x' || substr(hash, 1, 7))::bit(28)::integer / 268435456::float8 AS r1,
	       ('x' || substr(hash, 8, 7))::bit(28)::integer / 268435456::float8 AS r2,
	       ('x' || substr(hash, 15, 7))::bit(28)::integer / 268435456::float8 AS r3,
	       ('x' || substr(hash, 22, 7))::bit(28)::integer / 268435456::float8 AS r4
	  FROM generate_series(1, 100000) AS i, md5('booking ' || i) AS hash
), on_edge AS (
	SELECT chance.i, e1.status, e1.g,
	       CASE WHEN s LIKE '%infinity' THEN s::timestamptz ELSE now() + s::interval END AS s,
	       CASE WHEN e LIKE '%infinity' THEN e::timestamptz ELSE now() + e::interval END AS e,
	       CASE WHEN c LIKE '%infinity' THEN c::timestamptz ELSE now() + c::interval END AS c,
	       CASE WHEN h LIKE '%infinity' THEN h::timestamptz ELSE now() + h::interval END AS h
	  FROM (SELECT edge.*, row_number() OVER () AS n FROM edge) AS e1
	  JOIN chance ON (chance.i + 9) / 10 = e1.n
), started AS (
	-- Far from now bookings start every five minutes, as people make them.
	SELECT i, ranges.*, r2, r3, r4,
	       CASE WHEN least(abs(s1), abs(s2)) >= 6 AND abs(s1) + abs(s2) > 80000
		    THEN to_timestamp(floor((extract(epoch FROM now())
					     + 60 * (s1 + (s2 - s1) * r1)) / 300) * 300)
		    ELSE date_trunc('second', now() + (s1 + (s2 - s1) * r1) * interval '1 minute')
	       END AS s
	  FROM chance JOIN ranges ON i > after AND i <= upto
), usual AS (
	SELECT i, status, g, s,
	       s + 15 * floor((len1 + (len2 - len1) * r2) / 15) * interval '1 minute' AS e,
	       s + floor(60 * (c1 + (c2 - c1) * r3)) * interval '1 second' AS c,
	       date_trunc('second', now() + (h1 + (h2 - h1) * r4) * interval '1 minute') AS h
	  FROM started
), booking AS (
	SELECT b.*, chance.r3,
	       least(now() - interval '10 minutes', least(nullif(s, '-infinity'), h, c)
		     - (1 + 40 * r4 * r4) * interval '1 day') AS created_at
	  FROM (SELECT i, status, g, s, e, c, h FROM on_edge
		UNION ALL SELECT i, status, g, s, e, c, h FROM usual) AS b
	  JOIN chance USING (i)
)
SELECT 1 + i * 7919 % 200, 1 + floor(20000 * r3 * r3),
       'BK-' || upper(lpad(to_hex(i * 9973337::bigint % 16777216), 6, '0')), status, s, e, c, h, g, created_at,
       greatest(created_at, least(now(), CASE WHEN status IN ('PENDING', 'CONFIRMED') THEN c
					       ELSE coalesce(c, s) END))
  FROM (SELECT i, r3, status, s, e, c, h, g,
	       CASE WHEN isfinite(created_at) THEN created_at ELSE now() - interval '1 day' END AS created_at
	  FROM booking) AS b
 ORDER BY created_at, i;

ANALYZE public.bookings;
