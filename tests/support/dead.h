/*
 * For tests of the job cleanup, over rig.h: executions of a host that is gone,
 * and runs of any job beside the one under test.
 */
#ifndef TESTS_DEAD_H
#define TESTS_DEAD_H

#include <stdint.h>

#include "run/run.h"

/* A RUNNING execution of host-7, begun an hour ago; its id. `lease` is that of
   its only worker, an interval from now; NULL = no worker. */
int dead_execution(const char *operation, int slot, const char *lease, int processed);

/* Another worker of it. */
void dead_worker(int id, int worker, const char *lease, int processed);

/* How many workers it has. */
int64_t dead_workers(int id);

/* Expires the lease of the newest execution; fits the seams of rig.h. */
void dead_expire_newest(int n);

/* Runs the job of the rig, which must succeed; what it processed. */
int64_t dead_cleaned(void);

/* A job as another instance on a connection of its own, at any moment. The result
   is in dead_elsewhere; clear it at the end. */
extern struct bk_run_result dead_elsewhere;
enum bk_rc dead_run_elsewhere(const char *job);

#endif
