/*
 * The command bkmaint migrate; see migrate_cmd.h. What the owner of the
 * database still has to type goes to standard error, success or not.
 */
#include "cli/migrate_cmd.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "job/migrate.h"
#include "job/owner.h"

static void set_texts(struct bk_json *o, const char *key, const struct bk_texts *texts)
{
	struct bk_json *list = bk_json_array();

	for (size_t i = 0; i < texts->count; i++)
		bk_json_push_str(list, texts->items[i]);
	/* json.h wants a literal key; every caller passes one. */
	bk_json_set(o, key, list);
}

static struct bk_json *report_json(const struct bk_migrate_report *r)
{
	struct bk_json *o = bk_json_object();

	bk_json_set_str(o, "operation", "migrate");
	bk_json_set_int(o, "schemaVersion", r->version);
	set_texts(o, "applied", &r->applied);
	set_texts(o, "pending", &r->pending);
	set_texts(o, "todo", &r->todo);
	bk_json_set_bool(o, "bookingsMissing", r->bookings_missing);
	bk_json_set_bool(o, "bookingsCreated", r->bookings_created);
	bk_json_set_int(o, "bookings", r->sample_rows);
	bk_json_set_str(o, "executionId", r->execution_id);
	return o;
}

static void put_jsonl(struct bk_buf *out, const struct bk_migrate_report *r)
{
	bk_json_typed_line(out, "migrate", report_json(r));
	bk_buf_fmt(out, "{\"type\":\"summary\",\"applied\":%zu,\"pending\":%zu}\n",
		   r->applied.count, r->pending.count);
}

/* One row a migration. */
static void put_csv(struct bk_buf *out, const struct bk_migrate_report *r)
{
	bk_buf_str(out, "migration,state\n");
	for (size_t i = 0; i < r->applied.count; i++)
		bk_buf_fmt(out, "%s,applied\n", r->applied.items[i]);
	for (size_t i = 0; i < r->pending.count; i++)
		bk_buf_fmt(out, "%s,pending\n", r->pending.items[i]);
}

static enum bk_rc print(struct bk_app *app, const struct bk_migrate_report *r)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	switch (app->format) {
	case BK_OUT_JSON:
		app->data = report_json(r);
		return BK_OK;
	case BK_OUT_JSONL:
		put_jsonl(&out, r);
		return bk_app_write(app, &out);
	case BK_OUT_CSV:
		put_csv(&out, r);
		return bk_app_write(app, &out);
	case BK_OUT_TABLE:
	case BK_OUT_PROMETHEUS: /* no other command has it */
	case BK_OUT_DEFAULT:
		break;
	}
	if (bk_app_is_quiet(app))
		return BK_OK;
	for (size_t i = 0; i < r->applied.count; i++)
		bk_buf_fmt(&out, "applied %s\n", r->applied.items[i]);
	if (r->bookings_created)
		bk_buf_fmt(&out, "created public.bookings with %" PRId64 " bookings\n",
			   r->sample_rows);
	bk_buf_fmt(&out, "migrate: schema \"%s\" is at version %d%s\n",
		   bk_conf_str(app->conf, "schema"), r->version,
		   r->applied.count || r->bookings_created ? "" : ", nothing to do");
	return bk_app_write(app, &out);
}

/* What this role may not do, for somebody who may. */
static void print_todo(struct bk_app *app, const struct bk_migrate_report *r)
{
	if (r->bookings_missing)
		bk_app_warn(app, "the bookings table or a mapped column is missing: migrate again "
				 "when it is there, to grant what the jobs need");
	if (!r->todo.count)
		return;
	bk_app_warn(app, "this role could not set up everything; "
			 "let somebody who may type this, or migrate again:");
	for (size_t i = 0; i < r->todo.count; i++)
		(void)fprintf(stderr, "%s", r->todo.items[i]);
}

static enum bk_rc check(struct bk_app *app, struct bk_migrate_report *r)
{
	enum bk_rc rc = bk_migrate_check(app->db, bk_conf_str(app->conf, "schema"), r, &app->err);

	if (rc)
		return rc;
	rc = print(app, r);
	if (rc || !r->pending.count)
		return rc;
	bk_error_set(&app->err, BK_E_SCHEMA, "%zu migration%s missing, the first is %s",
		     r->pending.count, r->pending.count == 1 ? " is" : "s are",
		     r->pending.items[0]);
	return bk_error_hint(&app->err, "run bkmaint migrate as the owner of the database");
}

struct stopwatch {
	struct bk_clock clock;
	int64_t start_ms;
};

static int64_t elapsed_ms(void *arg)
{
	const struct stopwatch *w = arg;

	return w->clock.mono_ms(w->clock.self) - w->start_ms;
}

enum bk_rc bk_migrate_now(struct bk_app *app, struct bk_migrate_report *ret)
{
	const struct bk_options *o = &app->line.options;
	struct stopwatch watch = {app->clock, app->clock.mono_ms(app->clock.self)};
	char run_id[BK_UUID_SIZE];
	enum bk_rc rc;

	bk_random_uuid(&app->random, run_id);
	const struct bk_migrate_options options = {
		.reference_bookings = o->reference_bookings || o->sample,
		.sample = o->sample,
		.instance = app->instance,
		.os_user = app->os_user,
		.run_id = run_id,
		.elapsed_ms = elapsed_ms,
		.arg = &watch,
	};
	rc = bk_migrate_apply(app->db, app->conf, &options, ret, &app->err);
	print_todo(app, ret);
	if (rc == BK_E_PERMISSION && !app->err.hint[0])
		bk_owner_explain(app->db, bk_conf_str(app->conf, "schema"), &app->err);
	return rc;
}

enum bk_rc bk_migrate_command(struct bk_app *app)
{
	BK_CLEAN(bk_migrate_report_clear) struct bk_migrate_report report = {.version = 0};
	enum bk_rc rc;

	if ((rc = bk_app_connect_raw(app, "migrate")))
		return rc;
	if (app->line.options.check) {
		app->role = "booking_read";
		return check(app, &report);
	}
	rc = bk_migrate_now(app, &report);
	return rc ? rc : print(app, &report);
}
