/*
 * Reading of answers; see rows.h. struct bk_rows is libpq's PGresult.
 */
#include "db/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/array.h"

static const PGresult *result(const struct bk_rows *rows)
{
	return (const PGresult *)(const void *)rows;
}

int bk_rows_count(const struct bk_rows *rows)
{
	return PQntuples(result(rows));
}

int bk_rows_width(const struct bk_rows *rows)
{
	return PQnfields(result(rows));
}

const char *bk_rows_column(const struct bk_rows *rows, int column)
{
	return PQfname(result(rows), column);
}

int64_t bk_rows_affected(const struct bk_rows *rows)
{
	/* PQcmdTuples is not const-correct, and does not change the result. */
	const char *tag = PQcmdTuples((PGresult *)(uintptr_t)rows);

	return strtoll(tag, NULL, 10);
}

const char *bk_rows_cell(const struct bk_rows *rows, int row, int column)
{
	if (column < 0 || PQgetisnull(result(rows), row, column))
		return NULL;
	return PQgetvalue(result(rows), row, column);
}

const char *bk_rows_text(const struct bk_rows *rows, int row, const char *column)
{
	return bk_rows_cell(rows, row, PQfnumber(result(rows), column));
}

static enum bk_rc read_int(const char *text, const struct bk_field *field, int64_t *ret,
			   struct bk_error *err)
{
	char *end;
	long long n;

	if (!text) {
		*ret = BK_NULL_INT;
		return BK_OK;
	}
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return bk_error_set(err, BK_E_INTERNAL, "column %s: \"%.40s\" is no integer",
				    field->column, text);
	*ret = n;
	return BK_OK;
}

static enum bk_rc read_array(const char *text, const struct bk_field *field, struct bk_array *ret,
			     struct bk_error *err)
{
	if (!text || bk_array_parse(text, ret))
		return BK_OK;
	return bk_error_set(err, BK_E_INTERNAL, "column %s: \"%.40s\" is no list of texts",
			    field->column, text);
}

enum bk_rc bk_rows_read(const struct bk_rows *rows, int row, const struct bk_field *fields,
			size_t count, void *dst, struct bk_error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct bk_field *f = &fields[i];
		int column = PQfnumber(result(rows), f->column);
		void *target = (char *)dst + f->offset;
		const char *text;
		enum bk_rc rc = BK_OK;

		if (column < 0)
			return bk_error_set(err, BK_E_INTERNAL, "the answer has no column %s",
					    f->column);
		text = bk_rows_cell(rows, row, column);
		switch (f->kind) {
		case BK_FIELD_TEXT:
			*(char **)target = bk_strdup(text);
			break;
		case BK_FIELD_INT:
			rc = read_int(text, f, target, err);
			break;
		case BK_FIELD_BOOL:
			*(bool *)target = text && *text == 't';
			break;
		case BK_FIELD_ARRAY:
			rc = read_array(text, f, target, err);
			break;
		}
		if (rc)
			return rc;
	}
	return BK_OK;
}

void bk_fields_clear(const struct bk_field *fields, size_t count, void *dst)
{
	for (size_t i = 0; i < count; i++) {
		void *target = (char *)dst + fields[i].offset;

		if (fields[i].kind == BK_FIELD_TEXT)
			bk_free_str(target);
		else if (fields[i].kind == BK_FIELD_ARRAY)
			bk_array_clear(target);
	}
}

void bk_rows_free(struct bk_rows *rows)
{
	PQclear((PGresult *)(void *)rows);
}

void bk_rows_clean(struct bk_rows **rows)
{
	bk_rows_free(*rows);
	*rows = NULL;
}
