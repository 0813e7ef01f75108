/*
 * The contract of every file of sql/: which columns its answer has, and what stands for a
 * template's variables where the builders do not fill them. A new file has to be entered.
 */
#ifndef TESTS_CONTRACTS_H
#define TESTS_CONTRACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "db/sqltext.h"

extern const struct bk_sql_var contract_vars[];
extern const size_t contract_var_count;

/* The columns of the answer, in any order; NULL = no rows at all. Scripts have
   several statements and no parameters: tests of bkmaint migrate and restore run them. */
struct contract {
	const char *file;
	const char *columns;
	bool script;
	bool template; /* filled by lib/rule and lib/job, see below */
};
extern const struct contract contracts[];
extern const size_t contract_count;

#endif
