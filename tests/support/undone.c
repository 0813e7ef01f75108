/*
 * Something to take back, and taking it back; see undone.h.
 */
#include "undone.h"

#include <stdio.h>

#include "rig.h"

struct bk_undo *undone;
struct bk_undo_target undone_target;
void (*undone_before_run)(void);

static const char *const conf =
	"bookings { " UNDONE_TABLE "check-in-mode = untracked set = {\"reference = 'by bk'\","
	" \"resource_id = b.resource_id + 100\"} states { confirmed = {\"CONFIRMED\"}"
	" active = {\"ACTIVE\"} completed = {\"COMPLETED\"} } }"
	"cancel-no-shows { enabled = no } update-expired { enabled = no }";

/* A table as it was, with twelve bookings to activate. */
void undone_open(void)
{
	rig_open();
	rig_conf(conf);
	rig_due(12);
	side_exec(rig.side, "UPDATE bookings SET reference = 'r' || id");
	side_exec(rig.side, "DROP TABLE IF EXISTS was; CREATE TABLE was AS SELECT * FROM bookings");
	rig_job("activate-due");
	rig.request.batch_size = 5;
	undone_target = (struct bk_undo_target){.execution = 1, .hold_ms = 3600000};
	undone_before_run = NULL;
}

void undone_close(void)
{
	bk_undo_clean(&undone);
	rig_close();
}

void undone_activate(void)
{
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_str_eq(rig_record(1), "SUCCESS 12");
}

void undone_find(void)
{
	bk_undo_clean(&undone);
	ck_assert_msg(!bk_undo_find(pg_db, &undone_target, rig.conf, &undone, &rig.err), "%s",
		      rig.err.message);
}

enum bk_rc undone_run_in(int64_t batch_size, int64_t statement_timeout_ms)
{
	struct bk_run_request request;
	struct bk_work work;

	undone_find();
	request = bk_undo_request(undone);
	request.instance = "host-1";
	request.os_user = "tester";
	request.batch_size = batch_size;
	request.statement_timeout_ms = statement_timeout_ms;
	request.lock_timeout_ms = 200;
	request.clock = rig.request.clock;
	request.random = rig.request.random;
	ck_assert_int_eq(bk_undo_work(undone, &work, &rig.err), BK_OK);
	bk_run_result_clear(&rig.result);
	if (undone_before_run)
		undone_before_run();
	return bk_run(&pg_db, &request, &work, &rig.result, &rig.err);
}

enum bk_rc undone_run(void)
{
	return undone_run_in(4, 10000);
}

/* All of it in one batch, which must not need to be made smaller. */
void undone_took_whole(int64_t changed, int64_t left)
{
	ck_assert_int_eq(undone_run_in(5000, 40000), BK_OK);
	ck_assert_int_eq(rig.result.retries, 0);
	ck_assert_int_eq(rig.result.processed, changed);
	ck_assert_int_eq(bk_undo_left_total(undone), left);
}

void undone_took(int64_t changed, int64_t left)
{
	enum bk_rc rc = undone_run();

	ck_assert_msg(!rc, "%s", rig.err.message);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_int_eq(rig.result.processed, changed);
	ck_assert_int_eq(bk_undo_left_total(undone), left);
}

/* Bookings that are not as they were, the time of the change aside. */
int64_t undone_different(void)
{
	return side_int(rig.side,
			"SELECT count(*) FROM bookings AS b FULL JOIN was AS w USING (id) WHERE"
			" to_jsonb(b) - 'updated_at' IS DISTINCT FROM to_jsonb(w) - 'updated_at'");
}

/* "KEY REASON DETAIL" of the only booking that was left. */
const char *undone_left(void)
{
	const struct bk_undo_left *row = bk_undo_left_rows(undone);
	static char text[200];

	ck_assert_uint_eq(bk_undo_left_count(undone), 1);
	(void)snprintf(text, sizeof(text), "%s %s %.100s", row->key.items[0], row->reason,
		       row->detail ? row->detail : "-");
	return text;
}
