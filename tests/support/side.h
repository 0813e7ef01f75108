/*
 * Another session beside the one under test, over plain libpq: it looks, stirs,
 * holds locks, and may have a statement in flight that waits. What fails fails
 * the test and shows why.
 */
#ifndef TESTS_SIDE_H
#define TESTS_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct side;

/* A session of postgres; free with side_close. */
struct side *side_open(void);
void side_close(struct side *side);
int side_pid(const struct side *side);

/* Statements separated by semicolons, formatted as by printf: % is %%. */
void side_exec(struct side *side, const char *fmt, ...) BK_PRINTF(2, 3);

/* The first cell of the only row, NULL for NULL. Valid until the next call but
   seven. */
const char *side_text(struct side *side, const char *fmt, ...) BK_PRINTF(2, 3);
int64_t side_int(struct side *side, const char *fmt, ...) BK_PRINTF(2, 3);

/* Sends statements and does not wait for their end; side_finish does. */
void side_send(struct side *side, const char *fmt, ...) BK_PRINTF(2, 3);
void side_finish(struct side *side);
/* False when side_finish would not wait. */
bool side_busy(struct side *side);

#endif
