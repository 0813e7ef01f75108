/*
 * Faults of the server; see faults.h.
 */
#include "faults.h"

#include <stdbool.h>
#include <stddef.h>

#include "side.h"

static struct side *keeper; /* keeps the gate closed */
static struct side *killer;

/* bk has deferred constraints fail inside its batch: a trigger of the statement
   defers them again. */
void fault_gate(const char *table, const char *when)
{
	struct side *side = side_open();

	side_exec(side,
		  "CREATE TABLE IF NOT EXISTS public.gate (n int);"
		  "CREATE OR REPLACE FUNCTION public.pass_gate() RETURNS trigger LANGUAGE plpgsql"
		  " AS $$ BEGIN LOCK TABLE public.gate IN ROW SHARE MODE; RETURN NULL; END $$;"
		  "CREATE OR REPLACE FUNCTION public.defer() RETURNS trigger LANGUAGE plpgsql"
		  " AS $$ BEGIN SET CONSTRAINTS ALL DEFERRED; RETURN NULL; END $$;"
		  "CREATE CONSTRAINT TRIGGER gate AFTER INSERT OR UPDATE ON %s DEFERRABLE"
		  " INITIALLY DEFERRED FOR EACH ROW WHEN (%s) EXECUTE FUNCTION"
		  " public.pass_gate();"
		  "CREATE TRIGGER defer BEFORE UPDATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION"
		  " public.defer()",
		  table, when, table);
	side_close(side);
}

void fault_close_gate(void)
{
	keeper = side_open();
	side_exec(keeper, "BEGIN; LOCK TABLE public.gate");
}

void fault_open_gate(void)
{
	if (keeper)
		side_close(keeper);
	keeper = NULL;
}

static void set_standby(const char *command)
{
	struct side *side = side_open();

	side_exec(side, "%s", command);
	side_exec(side, "SELECT pg_reload_conf()");
	side_exec(side, "CREATE TABLE IF NOT EXISTS public.probe (n int)");
	side_close(side);
}

/* A session whose commits are safe ones. */
static struct side *open_writer(void)
{
	struct side *writer = side_open();

	side_exec(writer, "SET synchronous_commit = on; SET client_min_messages = error");
	return writer;
}

/* A commit that waits proves that the server has heard of the setting. */
void fault_hang_commits(void)
{
	struct side *writer = open_writer();
	struct side *look = side_open();
	bool waits = false;

	/* The test cluster's own is off. */
	set_standby("ALTER SYSTEM SET synchronous_commit = on");
	set_standby("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	while (!waits) {
		side_send(writer, "INSERT INTO public.probe VALUES (1)");
		while (side_busy(writer) && !waits)
			waits = side_int(look,
					 "SELECT count(*) FROM pg_stat_activity WHERE pid = %d"
					 " AND wait_event = 'SyncRep'",
					 side_pid(writer));
		if (waits)
			side_exec(look, "SELECT pg_cancel_backend(%d)", side_pid(writer));
		side_finish(writer);
	}
	side_close(look);
	side_close(writer);
}

/* A commit that went through proves it: one that waited is let go. */
void fault_let_commits(void)
{
	struct side *writer = open_writer();

	set_standby("ALTER SYSTEM RESET synchronous_standby_names");
	set_standby("ALTER SYSTEM RESET synchronous_commit");
	side_exec(writer, "INSERT INTO public.probe VALUES (1)");
	side_close(writer);
}

static void kill_when(int pid, const char *condition)
{
	killer = side_open();
	side_send(killer,
		  "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM %s AND pid = %d) LOOP"
		  " PERFORM pg_sleep(0.005); PERFORM pg_stat_clear_snapshot(); END LOOP;"
		  " PERFORM pg_terminate_backend(%d); END $$",
		  condition, pid, pid);
}

void fault_kill_at_lock(int pid)
{
	kill_when(pid, "pg_locks WHERE NOT granted");
}

void fault_kill_in_commit(int pid)
{
	kill_when(pid, "pg_stat_activity WHERE wait_event = 'SyncRep'");
}

void fault_finish(void)
{
	if (!killer)
		return;
	side_finish(killer);
	side_close(killer);
	killer = NULL;
}
