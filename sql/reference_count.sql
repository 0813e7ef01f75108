-- How many bookings the new reference table holds.
SELECT count(*) AS n FROM public.bookings
