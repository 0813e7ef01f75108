/*
 * Pruning of executions that are locked.
 */
#include "job/cleanup_kinds.h"

#include "base/mem.h"
#include "db/sqltext.h"

enum bk_rc bk_kind_prune(const struct bk_cleanup *c, const struct bk_run *run, const char *ids,
			 int64_t *ret_changed, char **ret_said, struct bk_error *err)
{
	struct answer {
		int64_t changed;
		char *said;
	} answer = {0, NULL};
	static const struct bk_field fields[] = {
		{"changed", BK_FIELD_INT, offsetof(struct answer, changed)},
		{"said", BK_FIELD_TEXT, offsetof(struct answer, said)},
	};
	const struct bk_tx_limits limits = bk_kind_limits(run);
	const struct bk_sql_var var = {"bk", c->schema};
	const char *params[] = {ids};
	BK_CLEAN(bk_buf_clear) struct bk_buf readers = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf prune = BK_BUF_INIT;
	struct bk_stmt stmts[] = {{"cleanup_readers", NULL, params, 1, BK_ANY_ROWS},
				  {"cleanup_prune", NULL, params, 1, BK_ONE_ROW}};
	struct bk_rows *rows[BK_COUNT(stmts)];
	enum bk_rc rc;

	if ((rc = bk_sql_fill_file(&readers, "cleanup_readers", &var, 1, err)) ||
	    (rc = bk_sql_fill_file(&prune, "cleanup_prune", &var, 1, err)))
		return rc;
	stmts[0].sql = bk_buf_cstr(&readers);
	stmts[1].sql = bk_buf_cstr(&prune);
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db, stmts, BK_COUNT(stmts), rows, err)))
		return rc;
	rc = bk_rows_read(rows[1], 0, fields, BK_COUNT(fields), &answer, err);
	for (size_t i = 0; i < BK_COUNT(stmts); i++)
		bk_rows_clean(&rows[i]);
	if (rc)
		return rc;
	*ret_changed = answer.changed;
	*ret_said = answer.said;
	return BK_OK;
}
