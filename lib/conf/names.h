/*
 * Every name that a configuration file may contain, as one flat list made from
 * the table of settings and the table of the mapping. The lexer, libconfuse's
 * option arrays and "did you mean" all come from it. Sections with a title,
 * rule NAME { }, are added as the file names them.
 */
#ifndef BK_CONF_NAMES_H
#define BK_CONF_NAMES_H

#include <stddef.h>

#include "base/buf.h"

enum bk_name_kind { BK_NAME_SECTION, BK_NAME_SCALAR, BK_NAME_LIST };

struct bk_name {
	char *full;  /* "activate-due.delay", "rule.archive.due" */
	char *path;  /* the same as libconfuse has it: "activate-due|delay", "rule.archive|due" */
	size_t leaf; /* where its last part begins; of a section with a title, 0 */
	enum bk_name_kind kind;
};

struct bk_names {
	struct bk_name **items;
	size_t count;
};

void bk_names_init(struct bk_names *names);
void bk_names_clear(struct bk_names *names);

/* The words that open a section with a title, `rule NAME { }`; NULL-terminated. */
extern const char *const bk_title_words[];
/* Adds the section "rule.NAME" and its keys, where they are not there yet. */
void bk_names_add_titled(struct bk_names *names, const char *full);

/* The entry of that full name, or NULL. */
const struct bk_name *bk_names_find(const struct bk_names *names, const char *full);

/* The part after the last dot. */
const char *bk_name_leaf(const struct bk_name *name);

/* Calls for the i-th name that stands directly in `section` ("" = top level);
   NULL behind the last one. */
const struct bk_name *bk_names_child(const struct bk_names *names, const char *section, size_t i);

/* Appends what the user may have meant by an unknown word in that section;
   nothing where there is no guess. */
void bk_names_suggest(const struct bk_names *names, const char *section, const char *word,
		      struct bk_buf *out);

#endif
