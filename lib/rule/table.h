/*
 * The mapped bookings table as the database has it: which columns of which
 * types, and whether the mapping fits. A mapping that names what is not there
 * must never look like "nothing due".
 */
#ifndef BK_RULE_TABLE_H
#define BK_RULE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/mapping.h"
#include "db/db.h"
#include "rule/misfit.h"

#define BK_TYPE_TIMESTAMPTZ "\"pg_catalog\".\"timestamptz\""
#define BK_TYPE_TIMESTAMP "\"pg_catalog\".\"timestamp\""
#define BK_TYPE_DATE "\"pg_catalog\".\"date\""

struct bk_column {
	char *name;
	char *type;  /* as an SQL name, always quoted: "pg_catalog"."int8" */
	char *shown; /* for people: bigint, timestamp(3) without time zone */
	char *base;  /* the same without a modifier */
	char *kind;  /* pg_type.typtype: b base, e enum, d domain ... */
	bool generated;
	bool nullable; /* as far as this relation says: a view says nothing */
};

struct bk_table {
	struct bk_column *columns;
	size_t count;
	bool key_is_unique;
	char *nullable_key; /* the column whose NULLs keep a unique index from holding the key;
			       NULL = none */
	bool has_children;  /* partitioned or inherited, or a view: ctid alone names no row */
	bool is_view;
	char *status_equals; /* "OPERATOR(..)" of the state's column, NULL = pg_catalog's: what is
				not compares states as texts, which is finer */
};

/*
 * Reads the table's columns and checks the mapping against them: the table and
 * every mapped column exist and have a usable type, and every mapped state is
 * one that the status column can hold (enum labels, types, CHECK constraints on
 * that column alone). BK_E_MAPPING names key and value.
 */
enum bk_rc bk_table_load(struct bk_db *db, const struct bk_mapping *mapping, struct bk_table *ret,
			 struct bk_error *err) BK_NODISCARD;
void bk_table_clear(struct bk_table *table);

/* The same, but each fault is heard of, and the look goes on where `misfits` says so. A table
   that is not there leaves *ret empty. */
enum bk_rc bk_table_look(struct bk_db *db, const struct bk_mapping *mapping,
			 struct bk_misfits *misfits, struct bk_table *ret,
			 struct bk_error *err) BK_NODISCARD;

/* The column of that name, or NULL. */
const struct bk_column *bk_table_column(const struct bk_table *table, const char *name);

/* Appends the statement, with a semicolon, that keeps NULLs out of a column of the table. */
void bk_column_not_null_sql(struct bk_buf *out, const struct bk_mapping *mapping,
			    const char *column);

/* A hash of the mapping and of the hour (any count of hours), to tell whether this
   mapping was checked before: once an hour it is checked again, because the table
   may change too. */
#define BK_FINGERPRINT_SIZE 17
void bk_mapping_fingerprint(const struct bk_mapping *mapping, int64_t hour,
			    char ret[BK_FINGERPRINT_SIZE]);

#endif
