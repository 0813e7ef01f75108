/*
 * The history that was pruned, as bk_view_history() gives what was not: from the files of
 * the archive, which needs no database, or from its table.
 */
#ifndef BK_VIEW_ARCHIVE_H
#define BK_VIEW_ARCHIVE_H

#include "view/execution.h"

/*
 * From the files below `dir`, newest first; each file that is read must be as its manifest
 * says. `now_us` is what "ago" is meant from. An execution that was archived twice is
 * there once. The memory is that of the page, the cost that of the months it is in.
 * BK_E_IO.
 */
enum bk_rc bk_view_archive(const char *dir, const struct bk_history_filter *filter, int64_t now_us,
			   struct bk_execution_list *ret, struct bk_error *err) BK_NODISCARD;

#endif
