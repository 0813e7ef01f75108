/*
 * Metrics in the text format of Prometheus (version 0.0.4), as node_exporter's
 * textfile collector reads it: HELP and TYPE once a metric, base units, no times of
 * the samples, labels escaped. The label that names a job is "operation": "job" and
 * "instance" are Prometheus's own.
 */
#ifndef BK_OUT_PROMETHEUS_H
#define BK_OUT_PROMETHEUS_H

#include "base/buf.h"
#include "view/totals.h"

/* Two files read together must not have a sample twice. */
enum bk_prometheus_part {
	BK_PROMETHEUS_JOBS = 1,  /* what concerns a job */
	BK_PROMETHEUS_HOSTS = 2, /* and what does not */
	BK_PROMETHEUS_ALL = 3,
};

void bk_out_prometheus(struct bk_buf *out, const struct bk_totals *totals, unsigned parts);

/* Appends the value of a label, escaped: valid UTF-8 on one line. */
void bk_escape_label(struct bk_buf *out, const char *text);

#endif
