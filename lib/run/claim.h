/*
 * Claiming a run: one statement, see sql/lease_claim.sql.
 */
#ifndef BK_RUN_CLAIM_H
#define BK_RUN_CLAIM_H

#include "run/internal.h"

/*
 * Fills the crew, w->run and *result from the claim, which is tried again after
 * faults that may pass. result->outcome says what came of it; *ret_work is true
 * when the execution is RUNNING and this process owns it.
 */
enum bk_rc bk_claim(struct bk_worker *w, struct bk_run_result *result, bool *ret_work,
		    struct bk_error *err) BK_NODISCARD;

/*
 * The same without a look at what is due, nor a word on the mapping: for a run that can
 * only be recorded as failed. It joins no other.
 */
enum bk_rc bk_claim_blindly(struct bk_worker *w, struct bk_run_result *result, bool *ret_work,
			    struct bk_error *err) BK_NODISCARD;

#endif
