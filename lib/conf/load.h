/*
 * From a file's text to its assignments, by way of libconfuse, whose only home
 * this is. Values are texts here, whatever they mean: libconfuse's own numbers
 * take 010 for 8 and "" for 0.
 */
#ifndef BK_CONF_LOAD_H
#define BK_CONF_LOAD_H

#include <stddef.h>

#include "base/error.h"
#include "conf/names.h"

/* One assignment, or the opening of a section (no items). */
struct bk_raw {
	const struct bk_name *name;
	char **items;
	size_t count;
	int line;
};

struct bk_raws {
	struct bk_raw *items; /* in the file's order */
	size_t count;
};

/* Reads and blanks `text` and adds its titled sections to `names`; see lex.h. Messages
   start with the line: "12: ". */
enum bk_rc bk_load_text(char *text, size_t len, struct bk_names *names, struct bk_raws *ret,
			struct bk_error *err) BK_NODISCARD;
void bk_raws_clear(struct bk_raws *raws);

#endif
