/*
 * The column tables of bkstatus overdue and forecast; see lists.h.
 */
#ifndef BK_OUT_DUE_H
#define BK_OUT_DUE_H

#include <stdbool.h>

#include "out/list.h"
#include "view/due.h"

/* The rules; with `total` also the row of their total, which is for people. */
struct bk_list bk_out_overdue(const struct bk_overdue *overdue, bool total);

/* With `bars` a bar stands beside each count. */
struct bk_list bk_out_forecast(const struct bk_forecast *forecast, bool bars);

#endif
