/*
 * Where the company's bookings are: the section bookings { } of the file, as
 * plain data. Nothing assumes the reference table; these are names only, and
 * whether the database has them is the business of rule/ and job/.
 */
#ifndef BK_CONF_MAPPING_H
#define BK_CONF_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Classes of states; the order is the one of the reference table's CHECK. */
enum bk_state {
	BK_PENDING,
	BK_CONFIRMED,
	BK_ACTIVE,
	BK_COMPLETED,
	BK_NO_SHOW,
	BK_EXPIRED,
	BK_CANCELLED,
	BK_STATE_COUNT
};

/* "pending", "confirmed", "active", "completed", "no-show", "expired", "cancelled". */
extern const char *const bk_state_names[BK_STATE_COUNT + 1];

/* What kind of value a source gives; how it becomes an instant is the business of rule/. */
enum bk_source_type {
	BK_SOURCE_TIMESTAMPTZ, /* an instant */
	BK_SOURCE_TIMESTAMP,   /* local time of the time zone */
	BK_SOURCE_DATE,        /* a local day */
	BK_SOURCE_SECONDS,     /* since 1970 UTC */
	BK_SOURCE_MILLISECONDS,
	BK_SOURCE_RANGE, /* tstzrange: start takes its lower bound, end its upper one */
	BK_SOURCE_TSRANGE,
	BK_SOURCE_DATERANGE,
	BK_SOURCE_FLAG,     /* of a check-in: boolean */
	BK_SOURCE_NUMBER,   /* of a grace: in its unit */
	BK_SOURCE_INTERVAL, /* of a grace */
	BK_SOURCE_TYPE_COUNT
};

/* "timestamptz", "timestamp", ... as a file writes them behind "::". */
extern const char *const bk_source_type_names[BK_SOURCE_TYPE_COUNT + 1];

/* Where a value of a booking comes from: a column, or an SQL expression over the row b,
   brackets included; neither = not mapped. */
struct bk_source {
	char *column;
	char *expr;
	enum bk_source_type type;
};

static inline bool bk_is_mapped(const struct bk_source *source)
{
	return source->column || source->expr;
}

enum bk_check_in_mode { BK_TRACKED, BK_UNTRACKED, BK_APP };
enum bk_grace_unit { BK_GRACE_SECONDS, BK_GRACE_MINUTES, BK_GRACE_HOURS, BK_GRACE_INTERVAL };

/* The labels of one state class; a job writes the first. */
struct bk_labels {
	char **items;
	size_t count;
};

/* rule NAME { }: a transition that the default rules do not have. */
struct bk_own_rule {
	char *name;
	char *origin; /* "FILE:LINE" of its section */
	char *job;
	struct bk_labels from; /* labels of the status column */
	char *to;
	struct bk_source due;
	struct bk_source scan; /* a plain column, never later than due; not mapped = due itself */
	struct bk_source until;
	char *where;
	struct bk_labels set;
	int64_t max_age_ms; /* 0 = as the job's */
	char *on_undo;      /* a statement; NULL = none, here and below */
};

/* What the section of a job adds to the changes of that job. */
struct bk_job_extra {
	char *job;
	struct bk_labels set;
	char *after_batch;
	char *on_undo;
};

struct bk_mapping {
	char *table_schema; /* of table = "public.bookings"; "public" where it has no dot */
	char *table_name;
	char **keys; /* column names, at least one */
	size_t key_count;
	char *status;
	struct bk_source start;
	struct bk_source end;
	struct bk_source check_in;
	struct bk_source hold;
	struct bk_source grace; /* a booking's own */
	enum bk_grace_unit grace_unit;
	struct bk_source updated; /* column set to the time of each change */
	/* Plain columns that are never later, where the above are expressions. */
	struct bk_source start_scan;
	struct bk_source end_scan;
	struct bk_source hold_scan;
	char *zone;       /* of local times: a name, or an expression in brackets; NULL = none */
	char *where;      /* what is a booking at all; NULL = every row; here and below */
	char *no_show_if; /* only such a booking has a deadline */
	struct bk_labels set;     /* "column = expression" */
	struct bk_labels session; /* "name = value" */
	char *after_batch;        /* a statement */
	char *on_undo;            /* the same, behind a batch of an undo */
	bool rls_accepted;
	bool volatile_accepted;
	bool no_defaults; /* only the rules of the file count */
	struct bk_own_rule *rules;
	size_t rule_count;
	struct bk_job_extra *extras;
	size_t extra_count;
	struct bk_labels states[BK_STATE_COUNT]; /* count 0 = the company has no such state */
	enum bk_check_in_mode check_in_mode;
	bool accept_late;    /* late-check-in = accept */
	bool missed_expires; /* missed = expired */
	int64_t grace_ms;    /* the setting `grace`; -1 = none */
};

void bk_mapping_clear(struct bk_mapping *m);
void bk_source_clear(struct bk_source *source);
void bk_labels_clear(struct bk_labels *labels);
void bk_labels_copy(struct bk_labels *to, const char *const *items, size_t count);

/*
 * Reads NAME, NAME::TYPE, (SQL) or (SQL)::TYPE. The type is `fallback` where none is
 * written. Messages do not name the key. BK_E_CONFIG.
 */
enum bk_rc bk_source_parse(const char *text, enum bk_source_type fallback, struct bk_source *ret,
			   struct bk_error *err) BK_NODISCARD;

/*
 * Checks SQL from the file as text: quotes, dollar quotes and brackets end where they
 * should, and there are neither comments nor semicolons, so it cannot become more than
 * what it stands for. BK_E_CONFIG.
 */
enum bk_rc bk_sql_check_text(const char *text, struct bk_error *err) BK_NODISCARD;

/* "column = expression" (or "name = value"): the place of its equals sign, and the name
   before it without blanks around; NULL in *ret_name where it is of no such form. */
const char *bk_assignment_split(const char *text, char **ret_name);

/* What that job's section adds; NULL = nothing. */
const struct bk_job_extra *bk_mapping_extra(const struct bk_mapping *m, const char *job);

#endif
