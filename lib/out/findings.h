/*
 * What bkmaint doctor found: the columns of its list, which are the contract of
 * bk/1, and the text for people.
 */
#ifndef BK_OUT_FINDINGS_H
#define BK_OUT_FINDINGS_H

#include "job/doctor.h"
#include "out/list.h"

struct bk_list bk_out_findings(const struct bk_diagnosis *diagnosis);

/* Three or four lines each: level, code and subject, what, why, what to type; those of
   `least` and graver ones. */
void bk_out_findings_text(struct bk_buf *out, const struct bk_diagnosis *diagnosis,
			  enum bk_level least, const struct bk_style *style);

/* "1 error, 2 warnings and 1 note"; "nothing" for none. */
void bk_out_findings_count(struct bk_buf *out, const struct bk_diagnosis *diagnosis);

#endif
