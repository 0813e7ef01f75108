/*
 * The schema that lies; see hostile.h.
 */
#include "hostile.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/buf.h"
#include "pg.h"

/* Every function and operator that bk's statements could be led to. */
static const struct {
	const char *name, *arguments, *result, *body;
} functions[] = {
	{"yes", "timestamptz, timestamptz", "boolean", "true"},
	{"yes", "integer, integer", "boolean", "true"},
	{"yes", "float8, integer", "boolean", "true"},
	{"yes", "bigint, bigint", "boolean", "true"},
	{"no", "text, text", "boolean", "false"},
	{"zero", "bigint, bigint", "bigint", "0::bigint"},
	{"zero", "integer, integer", "integer", "0"},
	{"add", "timestamptz, interval", "timestamptz", "$1"},
	{"mul", "float8, interval", "interval", "$2"},
	{"isfinite", "timestamptz", "boolean", "false"},
	{"date_part", "text, interval", "float8", "1e9::float8"},
	{"hashtext", "text", "integer", "0"},
	{"timezone", "text, timestamptz", "timestamp", "'infinity'::timestamp"},
	{"now", "", "timestamptz", "'infinity'::timestamptz"},
	{"clock_timestamp", "", "timestamptz", "'-infinity'::timestamptz"},
};

static const struct {
	const char *name, *left, *right, *function;
} operators[] = {
	{"<=", "timestamptz", "timestamptz", "yes"},
	{">=", "timestamptz", "timestamptz", "yes"},
	{"<", "timestamptz", "timestamptz", "yes"},
	{">", "timestamptz", "timestamptz", "yes"},
	{"=", "timestamptz", "timestamptz", "yes"},
	{"<", "integer", "integer", "yes"},
	{">", "integer", "integer", "yes"},
	{">=", "integer", "integer", "yes"},
	{"=", "integer", "integer", "yes"},
	{"<", "float8", "integer", "yes"},
	{">", "float8", "integer", "yes"},
	{"=", "bigint", "bigint", "yes"},
	{">", "bigint", "bigint", "yes"},
	{"=", "text", "text", "no"},
	{"+", "timestamptz", "interval", "add"},
	{"+", "bigint", "bigint", "zero"},
	{"-", "integer", "integer", "zero"},
	{"*", "float8", "interval", "mul"},
};

/* Types that no value fits, and tables in front of the real ones. */
static const char *const domains[] = {"timestamptz", "interval", "float8", "text", "int8", "int4"};
static const char *const tables[] = {"t", "bookings", "execution_workers"};

void hostile_make(void)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

	bk_buf_str(&sql, "CREATE SCHEMA evil;");
	for (size_t i = 0; i < BK_COUNT(functions); i++)
		bk_buf_fmt(&sql,
			   "CREATE FUNCTION evil.%s(%s) RETURNS %s LANGUAGE sql IMMUTABLE "
			   "AS $$SELECT %s$$;",
			   functions[i].name, functions[i].arguments, functions[i].result,
			   functions[i].body);
	for (size_t i = 0; i < BK_COUNT(operators); i++)
		bk_buf_fmt(&sql,
			   "CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, "
			   "FUNCTION = evil.%s);",
			   operators[i].name, operators[i].left, operators[i].right,
			   operators[i].function);
	for (size_t i = 0; i < BK_COUNT(domains); i++)
		bk_buf_fmt(&sql, "CREATE DOMAIN evil.%s AS pg_catalog.%s CHECK (false);",
			   domains[i], domains[i]);
	for (size_t i = 0; i < BK_COUNT(tables); i++)
		bk_buf_fmt(&sql, "CREATE TABLE evil.%s (id bigint);", tables[i]);
	pg_script(bk_buf_cstr(&sql));
}

static const struct {
	const char *name, *value;
} settings[] = {
	{"DateStyle", "'SQL, DMY'"},
	{"TimeZone", "'Asia/Kolkata'"},
	{"IntervalStyle", "sql_standard"},
	{"standard_conforming_strings", "off"},
	{"search_path", "evil, pg_catalog, public"},
};

static void apply(const char *command)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

	for (size_t i = 0; i < BK_COUNT(settings); i++)
		bk_buf_fmt(&sql, "%s %s = %s;", command, settings[i].name, settings[i].value);
	pg_script(bk_buf_cstr(&sql));
}

void hostile_session(void)
{
	apply("SET");
	/* The trap is set: unqualified, the end of time has come. */
	ck_assert_int_eq(pg_int("SELECT ('infinity'::pg_catalog.timestamptz <= "
				"'-infinity'::pg_catalog.timestamptz)::pg_catalog.int4"),
			 1);
}

static void alter_database(const char *tail)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	char *name = pg_text("SELECT pg_catalog.quote_ident(pg_catalog.current_database())", NULL,
			     0);

	bk_buf_fmt(&sql, "ALTER DATABASE %s %s", name, tail);
	free(name);
	if (tail[0] == 'R')
		pg_script(bk_buf_cstr(&sql));
	else
		apply(bk_buf_cstr(&sql));
}

void hostile_database(void)
{
	alter_database("SET");
}

void hostile_end(void)
{
	alter_database("RESET ALL");
}
