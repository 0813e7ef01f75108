/*
 * A text[] of the server: its literal read into a list of texts. What writes
 * one is bk_db_text_array() of db.h.
 */
#ifndef BK_DB_ARRAY_H
#define BK_DB_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

struct bk_array {
	char **items; /* an item is NULL where the server's is */
	size_t count;
};

/* Reads "{a,"b c",NULL}". False for anything else, several dimensions and bounds
   included; *ret untouched. */
bool bk_array_parse(const char *literal, struct bk_array *ret);

void bk_array_clear(struct bk_array *array);

#endif
