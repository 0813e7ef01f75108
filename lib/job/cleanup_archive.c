/*
 * What is pruned goes into the archive first: files in a directory, tables, or both.
 */
#include "job/cleanup_kinds.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/archive.h"
#include "base/mem.h"
#include "db/sqltext.h"

/* Of archive_executions.sql and archive_transitions.sql: the month comes first, then what
   goes into the file, of that the number and the start first. */
enum { MONTH, ID, AT };

struct filing {
	struct bk_archive *archive;
	const char *kind;
};

static enum bk_rc on_row(void *arg, const struct bk_rows *rows, struct bk_error *err)
{
	const struct filing *f = arg;
	size_t n = (size_t)bk_rows_width(rows);
	const char **names = bk_calloc(2 * n, sizeof(*names));
	const char **cells = names + n;
	enum bk_rc rc;

	for (size_t i = 0; i < n; i++) {
		names[i] = bk_rows_column(rows, (int)i);
		cells[i] = bk_rows_cell(rows, 0, (int)i);
	}
	rc = bk_archive_add(f->archive, f->kind,
			    &(const struct bk_archive_record){
				    .month = cells[MONTH],
				    .id = cells[ID],
				    .at = cells[AT],
				    .names = names + ID,
				    .cells = cells + ID,
				    .count = n - ID,
			    },
			    err);
	free(names);
	return rc;
}

static enum bk_rc file_rows(const struct bk_cleanup *c, const struct bk_run *run, const char *ids,
			    const char *sql_file, struct filing *f, struct bk_error *err)
{
	const struct bk_tx_limits limits = bk_kind_limits(run);
	const struct bk_sql_var var = {"bk", c->schema};
	const char *params[] = {ids};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc;

	if ((rc = bk_sql_fill_file(&sql, sql_file, &var, 1, err)))
		return rc;
	bk_tx_deadline(run->db, &limits);
	return bk_db_stream(
		run->db,
		&(const struct bk_stmt){sql_file, bk_buf_cstr(&sql), params, 1, BK_ANY_ROWS},
		on_row, f, err);
}

enum bk_rc bk_kind_file(const struct bk_cleanup *c, const struct bk_run *run, const char *ids,
			struct bk_error *err)
{
	const char *dir = bk_conf_str(c->conf, "archive.dir");
	BK_CLEAN(bk_archive_clean) struct bk_archive *archive = NULL;
	BK_CLEAN(bk_free_str) char *stamp = NULL;
	struct filing f = {NULL, "executions"};
	enum bk_rc rc;

	if (!dir)
		return BK_OK;
	stamp = bk_asprintf("%" PRId64 "-%d", run->execution, run->batch_no);
	if ((rc = bk_archive_begin(dir, stamp, &archive, err)))
		return rc;
	f.archive = archive;
	if ((rc = file_rows(c, run, ids, "archive_executions", &f, err)))
		return rc;
	f.kind = "transitions";
	if ((rc = file_rows(c, run, ids, "archive_transitions", &f, err)))
		return rc;
	return bk_archive_commit(archive, err);
}

bool bk_kind_moves(const struct bk_cleanup *c)
{
	return bk_conf_num(c->conf, "archive.table") != 0;
}
