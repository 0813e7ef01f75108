/*
 * The wrapper round json-c; see json.h.
 */
#include "base/json.h"

#include <json-c/json.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* struct bk_json is json-c's own object under another name: the cast is the
   whole wrapper, and keeps json-c out of every other file. */
static struct json_object *raw(struct bk_json *value)
{
	return (struct json_object *)(void *)value;
}

static struct bk_json *wrap(struct json_object *object)
{
	BK_ASSERT(object);
	return (struct bk_json *)(void *)object;
}

struct bk_json *bk_json_object(void)
{
	return wrap(json_object_new_object());
}

struct bk_json *bk_json_array(void)
{
	return wrap(json_object_new_array());
}

void bk_json_free(struct bk_json *value)
{
	if (value)
		json_object_put(raw(value));
}

void bk_json_clean(struct bk_json **value)
{
	bk_json_free(*value);
	*value = NULL;
}

static void set_raw(struct bk_json *object, const char *key, struct json_object *value)
{
	int failed = json_object_object_add_ex(raw(object), key, value,
					       JSON_C_OBJECT_ADD_KEY_IS_NEW |
						       JSON_C_OBJECT_ADD_CONSTANT_KEY);

	BK_ASSERT(!failed);
}

static struct json_object *new_string(const char *text)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf clean = BK_BUF_INIT;
	struct json_object *value;

	bk_utf8_clean(&clean, text, strlen(text));
	value = json_object_new_string_len(bk_buf_cstr(&clean), (int)clean.len);
	BK_ASSERT(value);
	return value;
}

void bk_json_set_str(struct bk_json *object, const char *key, const char *text)
{
	set_raw(object, key, text ? new_string(text) : NULL);
}

void bk_json_set_int(struct bk_json *object, const char *key, int64_t n)
{
	struct json_object *value = json_object_new_int64(n);

	BK_ASSERT(value);
	set_raw(object, key, value);
}

void bk_json_set_decimal(struct bk_json *object, const char *key, const char *text)
{
	/* json-c prints the text; of the value nobody asks. */
	struct json_object *value = json_object_new_double_s(0, text);

	BK_ASSERT(value);
	set_raw(object, key, value);
}

void bk_json_set_bool(struct bk_json *object, const char *key, bool b)
{
	struct json_object *value = json_object_new_boolean(b);

	BK_ASSERT(value);
	set_raw(object, key, value);
}

void bk_json_set_null(struct bk_json *object, const char *key)
{
	set_raw(object, key, NULL);
}

void bk_json_set(struct bk_json *object, const char *key, struct bk_json *value)
{
	set_raw(object, key, value ? raw(value) : NULL);
}

bool bk_json_has(const struct bk_json *object, const char *key)
{
	return json_object_object_get_ex((struct json_object *)(void *)(uintptr_t)object, key,
					 NULL);
}

struct bk_json *bk_json_parse(const char *text)
{
	struct json_object *value = json_tokener_parse(text);

	if (json_object_is_type(value, json_type_object) ||
	    json_object_is_type(value, json_type_array))
		return wrap(value);
	json_object_put(value);
	return NULL;
}

void bk_json_push(struct bk_json *array, struct bk_json *value)
{
	int failed = json_object_array_add(raw(array), value ? raw(value) : NULL);

	BK_ASSERT(!failed);
}

void bk_json_push_int(struct bk_json *array, int64_t n)
{
	struct json_object *value = json_object_new_int64(n);
	int failed = json_object_array_add(raw(array), value);

	BK_ASSERT(value && !failed);
}

void bk_json_push_str(struct bk_json *array, const char *text)
{
	int failed = json_object_array_add(raw(array), text ? new_string(text) : NULL);

	BK_ASSERT(!failed);
}

const char *bk_json_library_version(void)
{
	return json_c_version();
}

void bk_json_render(const struct bk_json *value, struct bk_buf *out)
{
	size_t len;
	const char *text = json_object_to_json_string_length(
		(struct json_object *)(void *)(uintptr_t)value,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	BK_ASSERT(text);
	/* Above U+007E these occur inside strings only, so \u is always legal. */
	while (len) {
		size_t n = bk_utf8_len(text, len);
		uint32_t code = n ? bk_utf8_decode(text, n) : 0;

		BK_ASSERT(n);
		if (code >= 0x7F && bk_is_control(code))
			bk_buf_fmt(out, "\\u%04x", code);
		else
			bk_buf_bytes(out, text, n);
		text += n;
		len -= n;
	}
}

void bk_json_typed_line(struct bk_buf *out, const char *type, struct bk_json *value)
{
	struct bk_json *line = bk_json_object();

	bk_json_set_str(line, "type", type);
	bk_json_set(line, type, value);
	bk_json_render(line, out);
	bk_json_free(line);
	bk_buf_char(out, '\n');
}
