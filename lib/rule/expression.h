/*
 * The SQL of a mapping asked of the database: whether it means anything there, gives values of
 * the right type, and changes nothing.
 */
#ifndef BK_RULE_EXPRESSION_H
#define BK_RULE_EXPRESSION_H

#include "conf/mapping.h"
#include "db/db.h"
#include "rule/misfit.h"

/* The types of the server that a source of that type may be of, NULL-terminated, as
   format_type() shows them. */
const char *const *bk_server_types(enum bk_source_type type);

/* The character of `part`, from 1, that the server names in the statement `sql` of which it is
   one; 0 = it names none, or one elsewhere. */
int bk_position_in(const char *sql, const char *part, const struct bk_error *err);

/* Every expression of the mapping. BK_E_MAPPING names the key, the expression and what the
   server says of it; a privilege that lacks is BK_E_PERMISSION. */
enum bk_rc bk_expressions_check(struct bk_db *db, const struct bk_mapping *m,
				struct bk_misfits *misfits, struct bk_error *err) BK_NODISCARD;

#endif
