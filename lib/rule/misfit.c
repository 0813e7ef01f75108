/*
 * Who hears of the faults of a mapping; see misfit.h.
 */
#include "rule/misfit.h"

enum bk_rc bk_misfit(struct bk_misfits *misfits, const char *origin, const char *key, enum bk_rc rc,
		     struct bk_error *err)
{
	if (!rc)
		return BK_OK;
	if (misfits->hear && (rc == BK_E_MAPPING || rc == BK_E_PERMISSION)) {
		misfits->hear(misfits->arg, origin, key, err);
		misfits->count++;
		return BK_OK;
	}
	(void)bk_error_prefix(err, "%s", key);
	return origin ? bk_error_prefix(err, "%s", origin) : err->rc;
}
