/*
 * Array literals: read (array.h), and written for parameters (db.h).
 */
#include "db/array.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/mem.h"
#include "db/db.h"

void bk_array_clear(struct bk_array *array)
{
	for (size_t i = 0; i < array->count; i++)
		free(array->items[i]);
	free(array->items);
	*array = (struct bk_array){NULL, 0};
}

static void push(struct bk_array *array, char *item)
{
	array->items = bk_realloc(array->items, array->count + 1, sizeof(*array->items));
	array->items[array->count++] = item;
}

/* Behind the opening quote at p; where it ends, or NULL. */
static const char *read_quoted(const char *p, struct bk_array *array)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	for (; *p != '"'; p++) {
		p += *p == '\\';
		if (!*p)
			return NULL;
		bk_buf_char(&text, *p);
	}
	push(array, bk_strdup(bk_buf_cstr(&text)));
	return p + 1;
}

/* The server quotes every text that has one of these, is empty, or reads NULL. */
static const char *read_plain(const char *p, struct bk_array *array)
{
	size_t len = strcspn(p, ",{}\"\\ \t\n\r\v\f");

	if (!len)
		return NULL;
	push(array, len == 4 && memcmp(p, "NULL", 4) == 0 ? NULL : bk_strndup(p, len));
	return p + len;
}

static bool read_items(const char *p, struct bk_array *array)
{
	if (strcmp(p, "{}") == 0)
		return true;
	if (*p != '{')
		return false;
	do {
		p = p[1] == '"' ? read_quoted(p + 2, array) : read_plain(p + 1, array);
	} while (p && *p == ',');
	return p && strcmp(p, "}") == 0;
}

bool bk_array_parse(const char *literal, struct bk_array *ret)
{
	BK_CLEAN(bk_array_clear) struct bk_array array = {NULL, 0};

	if (!read_items(literal, &array))
		return false;
	*ret = array;
	array = (struct bk_array){NULL, 0};
	return true;
}

void bk_db_text_array(struct bk_buf *out, const char *const *items, size_t count)
{
	bk_buf_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		bk_buf_str(out, i ? "," : "");
		if (!items[i]) {
			bk_buf_str(out, "NULL");
			continue;
		}
		bk_buf_char(out, '"');
		for (const char *p = items[i]; *p; p++) {
			if (*p == '"' || *p == '\\')
				bk_buf_char(out, '\\');
			bk_buf_char(out, *p);
		}
		bk_buf_char(out, '"');
	}
	bk_buf_char(out, '}');
}
