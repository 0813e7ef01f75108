/*
 * The commands of bkstatus: each reads through lib/view and prints through
 * lib/out, in the format that was asked for.
 */
#ifndef BK_CLI_STATUS_COMMANDS_H
#define BK_CLI_STATUS_COMMANDS_H

#include "cli/app.h"

enum bk_rc bk_status_jobs(struct bk_app *app);
enum bk_rc bk_status_job(struct bk_app *app);
enum bk_rc bk_status_history(struct bk_app *app);
enum bk_rc bk_status_execution(struct bk_app *app);
enum bk_rc bk_status_holds(struct bk_app *app);
enum bk_rc bk_status_quarantine(struct bk_app *app);
enum bk_rc bk_status_booking(struct bk_app *app);
enum bk_rc bk_status_overdue(struct bk_app *app);
enum bk_rc bk_status_forecast(struct bk_app *app);
enum bk_rc bk_status_metrics(struct bk_app *app);
enum bk_rc bk_status_config(struct bk_app *app);
enum bk_rc bk_status_health(struct bk_app *app);
enum bk_rc bk_status_watch(struct bk_app *app);
enum bk_rc bk_status_report(struct bk_app *app);
enum bk_rc bk_status_events(struct bk_app *app);

#endif
