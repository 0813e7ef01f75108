/*
 * What only the owner of bk's schema may do, whatever has been granted on the tables in it.
 */
#ifndef BK_JOB_OWNER_H
#define BK_JOB_OWNER_H

#include "db/db.h"

/* BK_E_PERMISSION with the owner as hint unless the role owns the schema or is a member of
   the role that does: "only the owner of schema bk may `verb`". The hint names the grant that
   is lacking, too, unless it would make the role a superuser. */
enum bk_rc bk_owner_check(struct bk_db *db, const char *schema, const char *verb,
			  struct bk_error *err) BK_NODISCARD;

/* After BK_E_PERMISSION: sets err's hint to the owner and the grant that the role lacks;
   where there is no schema, to those of the database. */
void bk_owner_explain(struct bk_db *db, const char *schema, struct bk_error *err);

/* The same of the table of settings, which may have an owner of its own. */
void bk_owner_explain_settings(struct bk_db *db, const char *schema, struct bk_error *err);

#endif
