/*
 * Tables that are not the reference table: names, key types, states, partitions,
 * indexes.
 */
#include "shops.h"

#include "base/attr.h"

/* One key column of some type; `expr` makes the g-th key. */
#define KEYED(type, expr)                                                                          \
	"CREATE TABLE shop.b (k " type " PRIMARY KEY, state text, start timestamptz);"             \
	"INSERT INTO shop.b SELECT " expr ", 'C', " START " FROM generate_series(1, 11) AS g;"     \
	"INSERT INTO shop.b SELECT " expr ", 'C', " OTHER " FROM generate_series(12, 20) AS g;"

#define KEYED_SHOP(name, type, expr, key)                                                          \
	{                                                                                          \
		name, KEYED(type, expr), SIMPLE, key, "b.state = 'A'"                              \
	}

#define TZ_TEXT "to_char(b.k AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\" BC')"

static const struct shop shops[] = {
	KEYED_SHOP("bigint", "bigint", "g", "b.k::text"),
	KEYED_SHOP("smallint, negative", "smallint", "-g", "b.k::text"),
	KEYED_SHOP("numeric", "numeric", "g / 7.0", "b.k::text"),
	KEYED_SHOP("uuid", "uuid", "md5(g::text)::uuid", "b.k::text"),
	KEYED_SHOP("text", "text", "md5(g::text)", "b.k"),
	KEYED_SHOP("text with what hurts", "text",
		   "(ARRAY['''', '\"', E'\\\\', '{', '}', ',', 'NULL', '', E'\\n', E'\\x1f', '$1',"
		   " ' ', ':x', '%', '--', '/*', ';', U&'\\20AC', E'\\t', E'\\x7f'])[g]",
		   "b.k"),
	KEYED_SHOP("varchar", "varchar(40)", "'id-' || g", "b.k::text"),
	KEYED_SHOP("char", "char(8)", "'id ' || g", "b.k::text"),
	KEYED_SHOP("timestamptz with microseconds", "timestamptz",
		   "timestamptz '2026-03-29 01:00:00.000001Z' + g * interval '1 microsecond'",
		   TZ_TEXT),
	KEYED_SHOP("timestamptz, infinite and before Christ", "timestamptz",
		   "CASE g WHEN 1 THEN '-infinity' WHEN 2 THEN 'infinity'"
		   " WHEN 3 THEN '0044-03-15 12:00:00Z BC' ELSE"
		   " timestamptz '12026-03-29Z' + g * interval '1 s' END",
		   "CASE WHEN isfinite(b.k) THEN " TZ_TEXT " ELSE b.k::text END"),
	KEYED_SHOP("timestamp", "timestamp",
		   "timestamp '2026-03-29 02:30:00.000001' + g * interval '1 microsecond'",
		   "to_char(b.k, 'YYYY-MM-DD\"T\"HH24:MI:SS.US BC')"),
	KEYED_SHOP("date", "date", "date '2026-03-29' + g", "to_char(b.k, 'YYYY-MM-DD BC')"),
	KEYED_SHOP("double precision", "double precision", "g / 7.0", "b.k::text"),
	KEYED_SHOP("bytea", "bytea", "decode(md5(g::text), 'hex')", "b.k::text"),
	KEYED_SHOP("inet", "inet", "inet '10.0.0.0' + g", "b.k::text"),
	KEYED_SHOP("enum in a schema with capitals", "\"My Types\".\"Mood\"",
		   "('m' || g)::\"My Types\".\"Mood\"", "b.k::text"),
	KEYED_SHOP("domain", "shop.code", "'id-' || g", "b.k::text"),
	{"names with capitals, blanks and quotes",
	 "CREATE TABLE \"My \"\"Shop\"\"\".\"Book Ings\" (\"The Id\" bigint PRIMARY KEY,"
	 " \"State\" text,"
	 " \"a.b\" timestamptz, \"End\" timestamptz, \"order\" timestamptz);"
	 "INSERT INTO \"My \"\"Shop\"\"\".\"Book Ings\" SELECT g, 'C', " START ", " OTHER
	 " FROM generate_series(1, 11) AS g",
	 "bookings { table = '\"My \"\"Shop\"\"\".\"Book Ings\"' key = {\"The Id\"} status ="
	 " \"State\""
	 " start = \"a.b\" end = \"End\" updated = \"order\" " UNTRACKED
	 "states { confirmed = {\"C\"} active = {\"A\"} " END_STATES ONLY_ACTIVATE,
	 "b.\"The Id\"::text", "b.\"State\" = 'A' AND b.\"order\" IS NOT NULL"},
	{"a key of three columns",
	 "CREATE TABLE shop.b (tenant text, day date, n int, state text, start timestamptz,"
	 " PRIMARY KEY (tenant, day, n));"
	 "INSERT INTO shop.b SELECT 't' || g % 3, date '2026-03-29' + g % 2, g, 'C',"
	 " now() - interval '1 hour' FROM generate_series(1, 11) AS g",
	 "bookings { table = \"shop.b\" key = {\"tenant\", \"day\", \"n\"} " UNTRACKED PLAIN
		 END_STATES ONLY_ACTIVATE,
	 "b.tenant", "b.state = 'A'"},
	{"states of an enum",
	 "CREATE TYPE shop.state AS ENUM ('C', 'A', 'D', 'N', 'other');"
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state shop.state, start timestamptz);"
	 "INSERT INTO shop.b SELECT g, 'C', " START " FROM generate_series(1, 11) AS g",
	 SIMPLE, "b.k::text", "b.state = 'A'"},
	{"states that are numbers",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state smallint, start timestamptz);"
	 "INSERT INTO shop.b SELECT g, 1, " START " FROM generate_series(1, 11) AS g",
	 SHOP_B
	 "states { confirmed = {\"1\"} active = {\"2\"} completed = {\"3\"} } " ONLY_ACTIVATE,
	 "b.k::text", "b.state = 2"},
	{"states that are true and false",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state boolean, start timestamptz);"
	 "INSERT INTO shop.b SELECT g, false, " START " FROM generate_series(1, 11) AS g",
	 SHOP_B "states { confirmed = {\"false\"} active = {\"true\"} } " ONLY_ACTIVATE,
	 "b.k::text", "b.state"},
	{"labels with quotes and backslashes",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamptz);"
	 "INSERT INTO shop.b SELECT g, E'it''s \\\\ firm', " START
	 " FROM generate_series(1, 11) AS g",
	 SHOP_B "states { confirmed = {'it\\'s \\\\ firm'} active = {\"\\\"on\\\"\"} completed ="
		" {\"D\"} } " ONLY_ACTIVATE,
	 "b.k::text", "b.state = '\"on\"'"},
	{"several labels of one state",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamptz);"
	 "INSERT INTO shop.b SELECT g, (ARRAY['C', 'PAID', 'WALK-IN'])[g % 3 + 1], " START
	 " FROM generate_series(1, 11) AS g; INSERT INTO shop.b SELECT g, 'UNPAID', " START
	 " FROM generate_series(21, 25) AS g",
	 SHOP_B "states { confirmed = {\"C\", \"PAID\", \"WALK-IN\"} active = {\"A\", \"LATE\"}"
		" completed = {\"D\"} } " ONLY_ACTIVATE,
	 "b.k::text", "b.state = 'A'"},
	{"partitions by the start",
	 "CREATE TABLE shop.b (k int, state text, start timestamptz, PRIMARY KEY (k, start))"
	 " PARTITION BY RANGE (start);"
	 "CREATE TABLE shop.b1 PARTITION OF shop.b FOR VALUES FROM (MINVALUE) TO ('2026-01-01Z');"
	 "CREATE TABLE shop.b2 PARTITION OF shop.b FOR VALUES FROM ('2026-01-01Z') TO"
	 " ('2200-01-01Z');"
	 "INSERT INTO shop.b SELECT g, 'C', CASE WHEN g % 2 = 0 THEN " START " ELSE"
	 " timestamptz '2025-12-31Z' + g * interval '1 s' END FROM generate_series(1, 11) AS g",
	 "activate-due { max-age = 36000d } bookings { table = \"shop.b\" key = {\"k\","
	 " \"start\"} " UNTRACKED PLAIN END_STATES ONLY_ACTIVATE,
	 "b.k::text", "b.state = 'A'"},
	{"partitions by the state, from one to the other",
	 "CREATE TABLE shop.b (k int, state text, start timestamptz, PRIMARY KEY (k, state))"
	 " PARTITION BY LIST (state);"
	 "CREATE TABLE shop.b1 PARTITION OF shop.b FOR VALUES IN ('C');"
	 "CREATE TABLE shop.b2 PARTITION OF shop.b DEFAULT;"
	 "INSERT INTO shop.b SELECT g, 'C', " START " FROM generate_series(1, 11) AS g",
	 SIMPLE, "b.k::text", "b.state = 'A'"},
	{"a table with heirs, whose rows have the same ctid",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamptz);"
	 "CREATE TABLE shop.heir (PRIMARY KEY (k)) INHERITS (shop.b);"
	 "INSERT INTO shop.b SELECT g, 'C', " START " FROM generate_series(1, 5) AS g;"
	 "INSERT INTO shop.heir SELECT g, 'C', " OTHER " FROM generate_series(21, 25) AS g;"
	 "INSERT INTO shop.heir SELECT g, 'C', " START " FROM generate_series(6, 11) AS g",
	 SIMPLE, "b.k::text", "b.state = 'A'"},
	{"an index that serves",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamptz);"
	 "CREATE INDEX ON shop.b (start, k) WHERE state = 'C';"
	 "INSERT INTO shop.b SELECT g, 'C', " START " FROM generate_series(1, 11) AS g",
	 SIMPLE, "b.k::text", "b.state = 'A'"},
	{"a column without a name any more, and one that is computed",
	 "CREATE TABLE shop.b (gone int, k int PRIMARY KEY, state text, start timestamptz,"
	 " sum int GENERATED ALWAYS AS (k + 1) STORED); ALTER TABLE shop.b DROP gone;"
	 "INSERT INTO shop.b (k, state, start) SELECT g, 'C', " START
	 " FROM generate_series(1, 11) AS g",
	 SIMPLE, "b.k::text", "b.state = 'A'"},
};

int main(void)
{
	return shops_main("tables", shops, BK_COUNT(shops));
}
