/*
 * One booking looked up, for the tests of lib/view against PostgreSQL: looked_open() and
 * looked_close() are a checked fixture around the rig.
 */
#ifndef TESTS_LOOKED_H
#define TESTS_LOOKED_H

#include "rig.h"
#include "view/lookup.h"

extern struct bk_lookup looked;

void looked_open(void);
void looked_close(void);

/* Looks a booking up; rig.err says more. */
enum bk_rc look_up(const char *const *keys);
/* The one that is there under a key of one column. */
void look(const char *key);

/* The value that is mapped under this name, and its row. */
const char *looked_value(const char *name);
const struct bk_value_view *looked_field(const char *name);

/* "applies", or why not; "" where the rule does not start from the state. */
const char *looked_verdict(const char *rule);
const struct bk_rule_view *looked_rule(const char *rule);

/* Booking 1 of the reference table anew: status, start, end, check-in, hold deadline, grace,
   all SQL. */
void looked_booking(const char *row);

#endif
