-- Whether public.bookings is there already.
SELECT to_regclass('public.bookings') IS NOT NULL AS present
