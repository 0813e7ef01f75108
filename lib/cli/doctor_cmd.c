/*
 * The command bkmaint doctor; see doctor_cmd.h. Findings are the result, on
 * standard output; errors and warnings among them make it a failure (78), whose
 * error says how many there are.
 */
#include "cli/doctor_cmd.h"

#include "cli/status_print.h"
#include "job/doctor.h"
#include "out/findings.h"

static enum bk_rc verdict(struct bk_app *app, const struct bk_diagnosis *found)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf count = BK_BUF_INIT;

	if (!found->by_level[BK_LEVEL_ERROR] && !found->by_level[BK_LEVEL_WARNING])
		return BK_OK;
	bk_out_findings_count(&count, found);
	return bk_error_set(&app->err, BK_E_FINDINGS, "found %s", bk_buf_cstr(&count));
}

static void set_counts(struct bk_json *o, const struct bk_diagnosis *found)
{
	bk_json_set_int(o, "errors", (int64_t)found->by_level[BK_LEVEL_ERROR]);
	bk_json_set_int(o, "warnings", (int64_t)found->by_level[BK_LEVEL_WARNING]);
	bk_json_set_int(o, "notes", (int64_t)found->by_level[BK_LEVEL_NOTE]);
}

/* Notes are not worth a mail of cron's, nor is what -q asks to leave out. */
static enum bk_rc print_text(struct bk_app *app, const struct bk_diagnosis *found, bool failed)
{
	const struct bk_options *o = &app->line.options;
	const struct bk_style style = {.color = app->out_color, .width = app->out_width};
	bool asked = app->format == BK_OUT_TABLE;
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	if (!failed && bk_app_is_quiet(app))
		return BK_OK;
	bk_out_findings_text(&out, found, !asked && o->quiet ? BK_LEVEL_ERROR : BK_LEVEL_NOTE,
			     &style);
	if (!failed) {
		bk_buf_str(&out, "doctor: found ");
		bk_out_findings_count(&out, found);
		bk_buf_char(&out, '\n');
	}
	return bk_app_write(app, &out);
}

static enum bk_rc print(struct bk_app *app, const struct bk_diagnosis *found, bool failed)
{
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_findings(found));

	if (bk_status_is_table(app))
		return print_text(app, found, failed);
	page.data = bk_json_object();
	bk_json_set_str(page.data, "operation", "doctor");
	set_counts(page.data, found);
	bk_json_set(page.data, "findings", bk_list_json(&page.lists[0]));
	set_counts(page.summary, found);
	/* Then the last line is the error, which the end of every command writes. */
	if (failed)
		bk_json_clean(&page.summary);
	return bk_status_print(app, &page);
}

enum bk_rc bk_doctor_command(struct bk_app *app)
{
	BK_CLEAN(bk_diagnosis_clear) struct bk_diagnosis found = {.items = NULL};
	char run_id[BK_UUID_SIZE];
	struct bk_error err;
	enum bk_rc rc;

	if ((rc = bk_app_connect(app, "doctor", true)))
		return rc;
	bk_random_uuid(&app->random, run_id);
	const struct bk_doctor_request request = {
		.conf = app->conf,
		.clock = app->clock,
		.instance = app->instance,
		.version = BK_VERSION,
		.run_id = run_id,
	};
	if ((rc = bk_doctor(app->db, &request, &found, &app->err)))
		return rc;
	rc = verdict(app, &found);
	err = app->err;
	if (print(app, &found, rc != BK_OK))
		return app->err.rc;
	app->err = err;
	return rc;
}
