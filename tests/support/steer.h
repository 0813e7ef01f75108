/*
 * For the tests of lib/job/control.h: who steers, and what is recorded of it.
 * Comes with rig.h, whose rig_open() and rig_close() make the schema.
 */
#ifndef TESTS_STEER_H
#define TESTS_STEER_H

#include "job/control.h"

/* "tester" on "host-1" by the configuration of the rig, with a new run id. */
struct bk_control steer(void);

/* The error of the last command. */
extern struct bk_error steer_err;

/* "OPERATION PROCESSED: DESCRIPTION" of the newest record, "" when there is none;
   and their number. The text is valid until the side's next question but seven. */
const char *steer_record(void);
int64_t steer_records(void);

/* Lets the side's session, whose transaction is open, do this and commit as soon as
   some other session waits for a lock. Then side_finish(). */
void steer_when_waited_for(const char *sql);

#endif
