/*
 * The column tables of what bkstatus shows: one function per view struct, each
 * a list that points into it. The keys are the contract of bk/1: added, never
 * renamed, removed or retyped.
 */
#ifndef BK_OUT_LISTS_H
#define BK_OUT_LISTS_H

#include "conf/conf.h"
#include "out/list.h"
#include "view/booking.h"
#include "view/execution.h"
#include "view/failures.h"
#include "view/health.h"
#include "view/job.h"
#include "view/running.h"

struct bk_list bk_out_jobs(const struct bk_job_list *jobs);
struct bk_list bk_out_executions(const struct bk_execution_list *executions);
struct bk_list bk_out_transitions(const struct bk_execution_detail *detail);
struct bk_list bk_out_settings(const struct bk_conf_entry *entries, size_t count);
struct bk_list bk_out_checks(const struct bk_health *health);
struct bk_list bk_out_running(const struct bk_running_list *running);

/* For tables only. */
struct bk_list bk_out_failures(const struct bk_failure_list *failures);

/* The same jobs in fewer columns, for a screen that is looked at for long: what
   changes while they run. For tables only. */
struct bk_list bk_out_watched_jobs(const struct bk_job_list *jobs);
struct bk_list bk_out_holds(const struct bk_hold_list *holds);
struct bk_list bk_out_quarantine(const struct bk_quarantine *quarantine);

#endif
