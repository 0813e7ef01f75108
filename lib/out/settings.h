/*
 * The column tables of settings at run time; see lists.h. The keys are the contract
 * of bk/1.
 */
#ifndef BK_OUT_SETTINGS_H
#define BK_OUT_SETTINGS_H

#include "job/settings.h"
#include "out/list.h"
#include "view/setting.h"

struct bk_list bk_out_setting_change(const struct bk_setting_change *change);
struct bk_list bk_out_stored(const struct bk_stored_list *stored);
struct bk_list bk_out_trail(const struct bk_trail *trail);

#endif
