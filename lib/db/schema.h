/*
 * Versions of bk's schema: which migrations this program carries, and whether a
 * database's schema and this program fit each other.
 */
#ifndef BK_DB_SCHEMA_H
#define BK_DB_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The number of an embedded file "schema/NNN_name", 0 for any other name. */
int64_t bk_schema_number(const char *file);

/* The newest embedded migration's number. */
int64_t bk_schema_newest(void);

/* Compares "1.10.0" with "1.9.2" part by part; <0, 0 or >0. A part that is
   missing or no number counts as 0. */
int bk_version_compare(const char *a, const char *b);

struct bk_schema_state {
	const char *schema;      /* its name, for messages */
	int64_t version;         /* newest migration applied; BK_NULL_INT = none */
	const char *min_program; /* oldest program that may run on it; NULL = any */
	int64_t needed;          /* newest migration that the program carries */
	const char *program;     /* the program's version */
};

/* BK_E_SCHEMA with a hint when the schema is older than the program needs, or
   wants a newer program. A newer schema that admits the program is fine. */
enum bk_rc bk_schema_check(const struct bk_schema_state *state, struct bk_error *err) BK_NODISCARD;

#endif
