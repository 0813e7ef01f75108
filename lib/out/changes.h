/*
 * The column tables of what the steering commands of bkmaint changed; see
 * lists.h for those of bkstatus. The keys are the contract of bk/1.
 */
#ifndef BK_OUT_CHANGES_H
#define BK_OUT_CHANGES_H

#include "job/backup.h"
#include "job/control.h"
#include "out/list.h"

struct bk_list bk_out_job_changes(const struct bk_job_changes *changes);
struct bk_list bk_out_cancelled(const struct bk_cancelled *cancelled);
/* A hold that was made, and one that was released. */
struct bk_list bk_out_held(const struct bk_hold_change *hold);
struct bk_list bk_out_released(const struct bk_hold_change *hold);
struct bk_list bk_out_backup(const struct bk_backup *backup);
struct bk_list bk_out_restored(const struct bk_restored *restored);
struct bk_list bk_out_retried(const struct bk_retried *retried);

#endif
