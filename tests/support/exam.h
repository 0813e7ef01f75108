/*
 * The doctor under test: the rig's reference table and bk's schema with bk's
 * roles, and roles that log in. exam_open() and exam_close() are a checked
 * fixture; rig.conf is what is examined, rig.side stirs.
 *
 *     exam("bk");
 *     exam_is("index-missing");
 *     exam_has("index-missing", "rule activate", ...)
 */
#ifndef TESTS_EXAM_H
#define TESTS_EXAM_H

#include "job/doctor.h"

/* What the last exam found. */
extern struct bk_diagnosis exam_found;

/* The host's clock is so much ahead. */
extern int64_t exam_clock_ms;

/* Roles: bk may do what jobs need, reader looks, both through bk's roles. */
void exam_open(void);
void exam_close(void);

/* Looks as this role; no error may come of it. */
void exam(const char *role);

/* Another connection as this role; free with bk_db_close. */
struct bk_db *exam_connect(const char *role);

/* The request of exam(). */
struct bk_doctor_request exam_request(void);

/* The codes of all findings, each once, in the order of the alphabet, separated by
   blanks, are these. */
void exam_is(const char *codes);

/* The first finding of that code, which must be there. */
const struct bk_finding *exam_finding(const char *code);

/* How many findings have the code. */
size_t exam_count(const char *code);

#endif
