/*
 * A long text for people: at a terminal it goes through $PAGER where it is longer than the
 * screen, anywhere else straight to standard output.
 *
 *     BK_CLEAN(bk_pager_clear) struct bk_pager pager = bk_pager_begin(app);
 *     if ((rc = bk_pager_write(&pager, &text))) ...  (again and again)
 *     rc = bk_pager_end(&pager);
 *
 * Until its end the text lies in an unnamed temporary file, not in memory: so nobody who
 * reads it at leisure keeps a snapshot open at the server. The errors are in app->err.
 */
#ifndef BK_CLI_PAGER_H
#define BK_CLI_PAGER_H

#include <stdio.h>

#include "cli/app.h"

struct bk_pager {
	struct bk_app *app;
	FILE *spool; /* NULL = straight to standard output */
	int64_t lines;
};

/* Only a text for people is paged, and only where both ends are a terminal. */
struct bk_pager bk_pager_begin(struct bk_app *app);
enum bk_rc bk_pager_write(struct bk_pager *pager, const struct bk_buf *text) BK_NODISCARD;

/* Shows it and waits for the reader. A pager that is quit early is no error; one that
   cannot be started is a warning, and the text is printed. */
enum bk_rc bk_pager_end(struct bk_pager *pager) BK_NODISCARD;
void bk_pager_clear(struct bk_pager *pager);

/* The pager for that variable (NULL = unset) and TERM: a command of the shell, "less" where
   none is named and the terminal can move; NULL = none is wanted. */
const char *bk_pager_command(const char *pager, const char *term);

/* Lines of a terminal of `width` columns (0 = any) that the text takes. */
int64_t bk_pager_lines(const char *text, int width);

#endif
