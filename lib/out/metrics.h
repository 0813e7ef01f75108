/*
 * The lists of the figures of jobs: tables, JSON, CSV.
 */
#ifndef BK_OUT_METRICS_H
#define BK_OUT_METRICS_H

#include "out/list.h"
#include "view/metrics.h"

struct bk_list bk_out_metrics(const struct bk_metrics *metrics);

/* The numbers over time, drawn: for people only. */
struct bk_list bk_out_metrics_drawings(const struct bk_metrics *metrics);

struct bk_list bk_out_metrics_codes(const struct bk_metrics *metrics);

#endif
