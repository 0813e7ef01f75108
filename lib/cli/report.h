/*
 * The end of a tool: the message, the JSON envelope, the check of standard
 * output, the exit status. For the files of this folder only.
 */
#ifndef BK_CLI_REPORT_H
#define BK_CLI_REPORT_H

#include "cli/app.h"

/* Says what came of `rc` and app->err, closes standard output, and returns the
   exit status. To be called once. */
int bk_report_end(struct bk_app *app, enum bk_rc rc);

/*
 * The envelope of --json, or the last line of --output=jsonl after a failure,
 * without a newline; NULL `err` = success. Takes app->data.
 */
struct bk_json *bk_report_envelope(struct bk_app *app, const struct bk_error *err);
struct bk_json *bk_report_error_line(const struct bk_app *app, const struct bk_error *err);

/* Appends "bkmaint update-expired". */
void bk_report_command(const struct bk_app *app, struct bk_buf *out);

#endif
