/*
 * What the role may not do, and what its owner would type to let it.
 */
#ifndef BK_RULE_PRIVILEGE_H
#define BK_RULE_PRIVILEGE_H

#include <stdbool.h>

#include "base/buf.h"
#include "conf/mapping.h"
#include "db/db.h"

/* Appends the columns that bk reads of the mapped table and those it writes, as text[]
   literals. */
void bk_mapped_columns(const struct bk_mapping *mapping, bool wants_update, struct bk_buf *reads,
		       struct bk_buf *writes);

/* The grants that the role lacks: rows of privilege_missing.sql. Free *ret. */
enum bk_rc bk_missing_privileges(struct bk_db *db, const char *schema,
				 const struct bk_mapping *mapping, bool wants_update,
				 struct bk_rows **ret, struct bk_error *err) BK_NODISCARD;

/* Whether row-level security is active for the role on a table that bk reads. */
enum bk_rc bk_policies_hide(struct bk_db *db, const char *schema, const struct bk_mapping *mapping,
			    bool *ret, struct bk_error *err) BK_NODISCARD;

/* After BK_E_PERMISSION: sets err's hint to the statement that gives the role what it lacks. */
void bk_explain_permission(struct bk_db *db, const char *schema, const struct bk_mapping *mapping,
			   bool wants_update, struct bk_error *err);

#endif
