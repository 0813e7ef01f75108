/*
 * Lists of lib/out in the format that was asked for.
 */
#ifndef BK_CLI_STATUS_PRINT_H
#define BK_CLI_STATUS_PRINT_H

#include <stdbool.h>

#include "cli/app.h"
#include "out/list.h"
#include "view/cursor.h"
#include "view/moment.h"

#define BK_STATUS_LISTS 6

struct bk_status_page {
	struct bk_list lists[BK_STATUS_LISTS]; /* the first is what was asked for */
	size_t list_count;
	struct bk_buf notes[BK_STATUS_LISTS]; /* behind the table of that list; may be empty */
	struct bk_json *data;                 /* of --json; owned, may be NULL */
	/* Of the last line of jsonl, "type" and "count" of the first list are there
	   already; owned. */
	struct bk_json *summary;
};

void bk_status_page_clear(struct bk_status_page *page);

/* A page of one list, its summary begun. */
struct bk_status_page bk_status_page_of(struct bk_list list);

/* Tables and jsonl show every list, CSV only the first: it has one header. */
enum bk_rc bk_status_print(struct bk_app *app, struct bk_status_page *page);

/* Prints a page of a list that can grow; NULL `next_cursor` = it is the last. A
   terminal is told how to ask for the next one. */
enum bk_rc bk_status_print_items(struct bk_app *app, struct bk_list list, const char *next_cursor);

/* The options --after and --limit: *ret_has is false, and *ret_limit 50, where
   they are not given. BK_E_USAGE. */
enum bk_rc bk_status_paging(struct bk_app *app, bool *ret_has, struct bk_cursor *ret_after,
			    int64_t *ret_limit);

/* The text of an option that is a time; NULL: *ret is left as it is. BK_E_USAGE. */
enum bk_rc bk_status_moment(struct bk_app *app, const char *option, const char *text,
			    struct bk_moment *ret);

/* True where --out names no file: it is not given, or is "-". */
bool bk_status_to_stdout(const struct bk_app *app);

/* True for what people read. */
bool bk_status_is_table(const struct bk_app *app);

#endif
