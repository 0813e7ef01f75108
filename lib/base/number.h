/*
 * Numbers and durations as people write them, read strictly: base 10, no
 * sign, no blank, no leading zero, overflow checked before it happens.
 */
#ifndef BK_BASE_NUMBER_H
#define BK_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* "0", "17"; false for anything else, *ret untouched. */
bool bk_parse_u63(const char *text, int64_t *ret);

/* "500ms" "30s" "5m" "24h" "30d", one number and one unit; "0" needs none.
   Result in milliseconds. False for anything else or beyond 36500d. */
bool bk_parse_duration(const char *text, int64_t *ret_ms);

/* The shortest exact form of a duration: 90000 -> "90s", 0 -> "0s". */
void bk_format_duration(struct bk_buf *out, int64_t ms);

/* For people: 1234567 -> "1,234,567". */
void bk_human_count(struct bk_buf *out, int64_t n);

/* For people: 84 -> "84 ms", 1530 -> "1.5 s", 90000 -> "1m 30s", days as "3d 4h". */
void bk_human_duration(struct bk_buf *out, int64_t ms);

#endif
