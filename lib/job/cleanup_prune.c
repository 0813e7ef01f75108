/*
 * Pruning of executions that are locked.
 */
#include "job/cleanup_kinds.h"

#include "base/mem.h"
#include "db/sqltext.h"

struct answer {
	int64_t changed;
	char *said;
};

static const struct bk_field answer_fields[] = {
	{"changed", BK_FIELD_INT, offsetof(struct answer, changed)},
	{"said", BK_FIELD_TEXT, offsetof(struct answer, said)},
};

/* In this order, in one trip; the first only where there is such an archive. */
static const char *const files[] = {"archive_move", "cleanup_readers", "cleanup_prune"};

enum { FILES = BK_COUNT(files) };

static void clear_texts(struct bk_buf (*texts)[FILES])
{
	for (size_t i = 0; i < FILES; i++)
		bk_buf_clear(&(*texts)[i]);
}

enum bk_rc bk_kind_prune(const struct bk_cleanup *c, const struct bk_run *run, const char *ids,
			 int64_t *ret_changed, char **ret_said, struct bk_error *err)
{
	const struct bk_tx_limits limits = bk_kind_limits(run);
	const struct bk_sql_var var = {"bk", c->schema};
	const char *params[] = {ids};
	BK_CLEAN(clear_texts) struct bk_buf texts[FILES] = {BK_BUF_INIT};
	struct bk_stmt stmts[FILES];
	struct bk_rows *rows[FILES];
	struct answer answer = {0, NULL};
	size_t n = 0;
	enum bk_rc rc;

	if ((rc = bk_kind_file(c, run, ids, err)))
		return rc;
	for (size_t i = bk_kind_moves(c) ? 0 : 1; i < FILES; i++) {
		if ((rc = bk_sql_fill_file(&texts[i], files[i], &var, 1, err)))
			return rc;
		stmts[n++] = (struct bk_stmt){files[i], bk_buf_cstr(&texts[i]), params, 1,
					      BK_ANY_ROWS};
	}
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db, stmts, n, rows, err)))
		return rc;
	rc = bk_rows_read(rows[n - 1], 0, answer_fields, BK_COUNT(answer_fields), &answer, err);
	for (size_t i = 0; i < n; i++)
		bk_rows_clean(&rows[i]);
	if (rc)
		return rc;
	*ret_changed = answer.changed;
	*ret_said = answer.said;
	return BK_OK;
}
