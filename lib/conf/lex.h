/*
 * The pass over a file's text before libconfuse reads it. libconfuse miscounts
 * lines after comments, takes an unterminated comment for the end of the file,
 * expands ${...}, lets the last of two equal keys win, and crashes or ends the
 * process on some garbage. So here bytes, quotes and comments are checked,
 * every name is looked up and its line kept, and comments are blanked out. What
 * is a well-formed list or assignment is still libconfuse's business.
 */
#ifndef BK_CONF_LEX_H
#define BK_CONF_LEX_H

#include <stddef.h>

#include "base/error.h"
#include "conf/names.h"

struct bk_lex_entry {
	const struct bk_name *name;
	int line;
};

struct bk_lex {
	struct bk_lex_entry *entries; /* sections and keys, in the file's order */
	size_t count;
};

/* `text` is NUL-terminated behind len; its comments become blanks, and `rule NAME {`
   becomes `rule.NAME {`, which is added to `names`. Messages start with the line: "12: ".
   BK_E_CONFIG. */
enum bk_rc bk_lex_text(char *text, size_t len, struct bk_names *names, struct bk_lex *ret,
		       struct bk_error *err) BK_NODISCARD;
void bk_lex_clear(struct bk_lex *lex);

#endif
