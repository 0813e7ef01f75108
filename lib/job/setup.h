/*
 * What bkmaint migrate does beside the migrations: job rows, the reference
 * table, roles and grants, the record of the command.
 */
#ifndef BK_JOB_SETUP_H
#define BK_JOB_SETUP_H

#include "job/migrate.h"

/* BK_E_REFUSED when public.bookings is there. */
enum bk_rc bk_setup_check_reference(struct bk_db *db, struct bk_error *err) BK_NODISCARD;

/* Makes public.bookings, with the sample where asked, in one transaction. */
enum bk_rc bk_setup_reference(struct bk_db *db, bool sample, struct bk_migrate_report *report,
			      struct bk_error *err) BK_NODISCARD;

/* A row per job in scheduler_job_info. */
enum bk_rc bk_setup_jobs(struct bk_db *db, const struct bk_conf *conf,
			 struct bk_error *err) BK_NODISCARD;

/* Roles and grants; what the role may not do goes into report->todo. */
enum bk_rc bk_setup_roles(struct bk_db *db, const struct bk_conf *conf,
			  struct bk_migrate_report *report, struct bk_error *err) BK_NODISCARD;

/* The MANUAL execution of this command. */
enum bk_rc bk_setup_record(struct bk_db *db, const char *schema,
			   const struct bk_migrate_options *options,
			   struct bk_migrate_report *report, struct bk_error *err) BK_NODISCARD;

#endif
