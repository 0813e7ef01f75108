/*
 * Tables whose values are no plain instants: local times, days, epochs, ranges, expressions,
 * flags, rows in other tables, views. Each has 11 bookings to activate.
 */
#include "shops.h"

#include "base/attr.h"

#define ROWS(value)                                                                                \
	"INSERT INTO shop.b SELECT g, 'C', " value " FROM (SELECT g, " START                       \
	" AS at FROM generate_series(1, 11) AS g UNION ALL SELECT g, " OTHER                       \
	" FROM generate_series(12, 20) AS g) AS q"
/* A table whose start is of that type, and made of the instant `at`. */
#define TIMED(type, value)                                                                         \
	"CREATE TABLE shop.b (k int PRIMARY KEY, state text, start " type ");" ROWS(value)
#define STARTS(source)                                                                             \
	"bookings { table = \"shop.b\" key = {\"k\"} status = \"state\" " UNTRACKED                \
	"start = \"" source "\" "
#define STATES "states { confirmed = {\"C\"} active = {\"A\"} " END_STATES ONLY_ACTIVATE
#define BERLIN "time-zone = \"Europe/Berlin\" "
#define KEY "b.k::text", "b.state = 'A'"

static const struct shop shops[] = {
	{"local time of a zone", TIMED("timestamp", "at AT TIME ZONE 'Europe/Berlin'"),
	 STARTS("start::timestamp") BERLIN STATES, KEY},
	{"local time with milliseconds, and an index",
	 TIMED("timestamp(3)",
	       "at AT TIME ZONE 'Europe/Berlin'") "; CREATE INDEX ON shop.b (start, k)",
	 STARTS("start::timestamp") BERLIN STATES, KEY},
	{"local time of a zone that each row names",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamp, zone text);"
	 "INSERT INTO shop.b SELECT g, 'C', at AT TIME ZONE zone, zone FROM (SELECT g, " START
	 " AS at FROM generate_series(1, 11) AS g UNION ALL SELECT g, " OTHER
	 " FROM generate_series(12, 20) AS g) AS q, LATERAL (SELECT (ARRAY['Pacific/Kiritimati',"
	 " 'Etc/GMT+12', 'Asia/Kathmandu'])[1 + g % 3] AS zone) AS z",
	 STARTS("start::timestamp") "time-zone = \"(b.zone)\" " STATES, KEY},
	{"days", TIMED("date", "(at AT TIME ZONE 'Europe/Berlin')::date - (at < now())::int"),
	 STARTS("start::date") BERLIN STATES, KEY},
	{"seconds", TIMED("bigint", "extract(epoch FROM at)::bigint"),
	 STARTS("start::seconds") STATES, KEY},
	{"seconds of a small column", TIMED("int", "extract(epoch FROM at)::int"),
	 STARTS("start::seconds") STATES, KEY},
	{"milliseconds", TIMED("bigint", "(extract(epoch FROM at) * 1000)::bigint"),
	 STARTS("start::milliseconds") STATES, KEY},
	{"seconds with decimals", TIMED("numeric(20, 6)", "extract(epoch FROM at)"),
	 STARTS("start::seconds") STATES, KEY},
	{"a range", TIMED("tstzrange", "tstzrange(at, at + interval '3 days')"),
	 STARTS("start::range") "end = \"start::range\" " STATES, KEY},
	{"a range of local times",
	 TIMED("tsrange", "tsrange(at AT TIME ZONE 'Europe/Berlin', NULL)"),
	 STARTS("start::tsrange") "end = \"start::tsrange\" " BERLIN STATES, KEY},
	{"a range of days",
	 TIMED("daterange", "daterange((at AT TIME ZONE 'Europe/Berlin')::date - (at < now())::int,"
			    " NULL)"),
	 STARTS("start::daterange") "end = \"start::daterange\" " BERLIN STATES, KEY},
	{"an expression without a column to scan",
	 TIMED("timestamptz", "at - interval '10 minutes'"),
	 STARTS("(b.start + interval '10 minutes')") STATES, KEY},
	{"day and hour, scanned by the day",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, day date, hour time);"
	 "INSERT INTO shop.b SELECT g, 'C', (at AT TIME ZONE 'Europe/Berlin')::date,"
	 " (at AT TIME ZONE 'Europe/Berlin')::time FROM (SELECT g, " START
	 " AS at FROM generate_series(1, 11) AS g UNION ALL SELECT g, " OTHER
	 " FROM generate_series(12, 20) AS g) AS q; CREATE INDEX ON shop.b (day, k)",
	 STARTS("(b.day + b.hour)::timestamp") "start-scan = \"day::date\" " BERLIN STATES, KEY},
	{"a filter, with rows of another table",
	 TIMED("timestamptz",
	       "at") "; CREATE TABLE shop.gone (k int); INSERT INTO shop.gone SELECT g FROM"
		     " generate_series(21, 25) AS g; GRANT USAGE ON SCHEMA shop TO PUBLIC;"
		     " INSERT INTO shop.b SELECT g, 'C', " START
		     " FROM generate_series(21, 25) AS g",
	 STARTS("start") "where = \"(b.k NOT IN (SELECT x.k FROM shop.gone AS x))\" " STATES, KEY},
	{"a filter that is NULL",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamptz, gone bool);"
	 "INSERT INTO shop.b SELECT g, 'C', " START ", CASE WHEN g <= 11 THEN false WHEN g < 15"
	 " THEN true END FROM generate_series(1, 20) AS g",
	 STARTS("start") "where = \"(NOT b.gone)\" " STATES, KEY},
	{"further columns, one with a default of the row",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamptz, \"Why\" text,"
	 " version int DEFAULT 1, changed timestamp, ms bigint);"
	 "INSERT INTO shop.b SELECT g, 'C', " START " FROM generate_series(1, 11) AS g",
	 STARTS("start") BERLIN
	 "updated = \"changed::timestamp\" set = {\"Why = 'start = reached, it''s time'\","
	 " \"version = b.version + 1\"} " STATES,
	 "b.k::text",
	 "b.state = 'A' AND b.\"Why\" = 'start = reached, it''s time' AND b.version = 2"
	 " AND b.changed AT TIME ZONE 'Europe/Berlin' > now() - interval '1 minute'"},
	{"a view",
	 "CREATE TABLE shop.t (k int PRIMARY KEY, s text, start timestamptz);"
	 "INSERT INTO shop.t SELECT g, 'C', " START " FROM generate_series(1, 11) AS g;"
	 "CREATE VIEW shop.b AS SELECT k, s AS state, start FROM shop.t",
	 STARTS("start") STATES, KEY},
};

int main(void)
{
	return shops_main("values", shops, BK_COUNT(shops));
}
