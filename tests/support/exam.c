/*
 * The doctor under test; see exam.h.
 */
#include "exam.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/setup.h"
#include "rig.h"

struct bk_diagnosis exam_found;
int64_t exam_clock_ms;

static int64_t wall_us(void *self)
{
	struct bk_clock system = bk_clock_system();

	(void)self;
	return system.wall_us(system.self) + exam_clock_ms * 1000;
}

void exam_open(void)
{
	BK_CLEAN(bk_migrate_report_clear) struct bk_migrate_report report = {.version = 0};
	struct bk_error err = {0};

	rig_open();
	exam_clock_ms = 0;
	ck_assert_msg(!bk_setup_roles(pg_db, rig.conf, &report, &err), "%s", err.message);
	ck_assert_uint_eq(report.todo.count, 0);
	side_exec(rig.side, "DO $$ BEGIN CREATE ROLE bk LOGIN IN ROLE booking_update;"
			    " CREATE ROLE reader LOGIN IN ROLE booking_read;"
			    " EXCEPTION WHEN duplicate_object THEN NULL; END $$");
}

void exam_close(void)
{
	bk_diagnosis_clear(&exam_found);
	rig_close();
}

struct bk_db *exam_connect(const char *role)
{
	static const volatile sig_atomic_t no_signal = 0;
	const struct bk_db_params params = {
		.user = role,
		.application = "bk:doctor",
		.connect_timeout_ms = 10000,
		.read_only = true,
		.clock = bk_clock_system(),
		.interrupted = &no_signal,
	};
	struct bk_db *db = NULL;
	struct bk_error err = {0};

	ck_assert_msg(!bk_db_connect(&params, &db, &err), "%s", err.message);
	return db;
}

struct bk_doctor_request exam_request(void)
{
	return (struct bk_doctor_request){
		.conf = rig.conf,
		.clock = {bk_clock_system().mono_ms, wall_us, NULL, bk_clock_system().sleep_ms},
		.instance = "host-1",
		.version = "1.0.0",
		.run_id = "0b8ba27c-3b4c-4d39-9b43-9d3f5cb5c6a1",
	};
}

void exam(const char *role)
{
	BK_CLEAN(bk_db_clean) struct bk_db *db = exam_connect(role);
	const struct bk_doctor_request request = exam_request();
	struct bk_error err = {0};

	bk_diagnosis_clear(&exam_found);
	ck_assert_msg(!bk_doctor(db, &request, &exam_found, &err), "%s", err.message);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void exam_is(const char *codes)
{
	size_t n = exam_found.count;
	const char **sorted = bk_calloc(n + 1, sizeof(*sorted));
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;

	for (size_t i = 0; i < n; i++)
		sorted[i] = exam_found.items[i].code;
	qsort(sorted, n, sizeof(*sorted), by_text);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(sorted[i], sorted[i - 1]) != 0)
			bk_buf_fmt(&got, "%s%s", got.len ? " " : "", sorted[i]);
	free(sorted);
	ck_assert_msg(strcmp(bk_buf_cstr(&got), codes) == 0, "got \"%s\", expected \"%s\": %s",
		      bk_buf_cstr(&got), codes, n ? exam_found.items[0].what : "");
}

const struct bk_finding *exam_finding(const char *code)
{
	for (size_t i = 0; i < exam_found.count; i++)
		if (strcmp(exam_found.items[i].code, code) == 0)
			return &exam_found.items[i];
	ck_abort_msg("there is no finding %s", code);
}

size_t exam_count(const char *code)
{
	size_t n = 0;

	for (size_t i = 0; i < exam_found.count; i++)
		n += strcmp(exam_found.items[i].code, code) == 0;
	return n;
}
