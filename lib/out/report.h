/*
 * The page of `bkstatus report`: one HTML document that asks for nothing from outside and
 * runs no script, with each plot's figures in a table behind it.
 */
#ifndef BK_OUT_REPORT_H
#define BK_OUT_REPORT_H

#include "base/buf.h"
#include "view/report.h"

/* `source` says where it was read: "host=... dbname=...". */
void bk_out_report(struct bk_buf *out, const struct bk_report *report, const char *source);

#endif
