/*
 * What the steering commands of bkmaint share: who steers, their options, and
 * how the result is printed. For the files of this folder only.
 */
#ifndef BK_CLI_CONTROL_H
#define BK_CLI_CONTROL_H

#include "cli/app.h"
#include "job/control.h"
#include "out/list.h"

/* Says who steers; `run_id` must outlive *ret. */
void bk_control_name(struct bk_app *app, char run_id[BK_UUID_SIZE], struct bk_control *ret);

/* The same, and connects. */
enum bk_rc bk_control_start(struct bk_app *app, char run_id[BK_UUID_SIZE], struct bk_control *ret);

/* The option --until, which may be missing. BK_E_USAGE. */
enum bk_rc bk_control_until(struct bk_app *app, struct bk_until *ret);

/* The length of the option --reason, where it is given; the parser has checked the
   rest. BK_E_USAGE. */
enum bk_rc bk_control_check_reason(struct bk_app *app);

/* The one operand as the number of something, "an execution", which the command `list`
   shows. BK_E_USAGE. */
enum bk_rc bk_control_number(struct bk_app *app, const char *what, const char *list, int64_t *ret);

struct bk_change_report {
	const char *operation; /* "pause" */
	const struct bk_recorded *recorded;
	struct bk_list list;
	const char *key;    /* of the list under "data", a literal */
	bool single;        /* its one row, not a list of it */
	bool failed;        /* the error comes after it */
	struct bk_buf text; /* the lines for people; owned */
};

void bk_change_report_clear(struct bk_change_report *report);

/* Prints the report in the format asked for: lines at a terminal or with -v,
   nothing otherwise; sets app->data for JSON. */
enum bk_rc bk_change_report_print(struct bk_app *app, const struct bk_change_report *report);

/* Appends " (execution 12)" where the command was recorded. */
void bk_change_report_record(struct bk_buf *out, const struct bk_recorded *recorded);

/* After a failure of a steering command: names the grant that is lacking. */
enum bk_rc bk_control_failed(struct bk_app *app, enum bk_rc rc);

#endif
