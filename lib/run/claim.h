/*
 * Claiming a run: one statement, see sql/lease_claim.sql.
 */
#ifndef BK_RUN_CLAIM_H
#define BK_RUN_CLAIM_H

#include "run/run.h"

/*
 * Fills *run and *result from the claim. result->outcome says what came of it;
 * *ret_work is true when the execution is RUNNING and this process owns it,
 * *ret_first when the job never succeeded before.
 */
enum bk_rc bk_claim(struct bk_db *db, const struct bk_run_request *request, const char *probe,
		    struct bk_run *run, struct bk_run_result *result, bool *ret_work,
		    bool *ret_first, struct bk_error *err) BK_NODISCARD;

#endif
