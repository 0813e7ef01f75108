/*
 * The sections of the page that go over time: each a plot with its legend, and its table
 * behind it. For out/report.c.
 */
#ifndef BK_OUT_REPORT_PLOTS_H
#define BK_OUT_REPORT_PLOTS_H

#include "base/buf.h"
#include "view/report.h"

void bk_report_plot_runs(struct bk_buf *out, const struct bk_report *report);
void bk_report_plot_times(struct bk_buf *out, const struct bk_report *report);
void bk_report_plot_changes(struct bk_buf *out, const struct bk_report *report);
void bk_report_plot_faults(struct bk_buf *out, const struct bk_report *report);

/* The sum of what is no success. */
int64_t bk_report_faults(const struct bk_report_runs *runs);

/* A table closed behind a line that says what it holds, which is the page's own; close it
   with bk_report_details_end. */
void bk_report_details(struct bk_buf *out, const char *what, const char *const *headers);
void bk_report_details_end(struct bk_buf *out);

/* A paragraph for what is not there. */
void bk_report_nothing(struct bk_buf *out, const char *text);

#endif
