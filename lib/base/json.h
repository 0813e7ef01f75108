/*
 * JSON values to be written, the only home of json-c. Strings are made valid
 * UTF-8 on the way in; DEL, C1 and bidirectional controls, which json-c passes
 * raw, are escaped on the way out. Keys must be string literals. Adding a
 * value to an object or array hands it over. Nothing here fails: no memory
 * ends the process (mem.h).
 *
 *     struct bk_json *o = bk_json_object();
 *     bk_json_set_str(o, "jobName", name);
 *     bk_json_set(o, "items", bk_json_array());
 *     bk_json_render(o, &buf);
 *     bk_json_free(o);
 */
#ifndef BK_BASE_JSON_H
#define BK_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct bk_json; /* an object or an array */

struct bk_json *bk_json_object(void);
struct bk_json *bk_json_array(void);
void bk_json_free(struct bk_json *value);
/* For BK_CLEAN. */
void bk_json_clean(struct bk_json **value);

/* NULL text or value becomes null. */
void bk_json_set_str(struct bk_json *object, const char *key, const char *text);
void bk_json_set_int(struct bk_json *object, const char *key, int64_t n);
/* A number with a fraction, by its text, which must be one: "0.9987". */
void bk_json_set_decimal(struct bk_json *object, const char *key, const char *text);
void bk_json_set_bool(struct bk_json *object, const char *key, bool b);
void bk_json_set_null(struct bk_json *object, const char *key);
void bk_json_set(struct bk_json *object, const char *key, struct bk_json *value);

/* True where the object has that key. */
bool bk_json_has(const struct bk_json *object, const char *key);

/* An object or array that bk_json_render wrote; NULL for anything else. */
struct bk_json *bk_json_parse(const char *text);

void bk_json_push(struct bk_json *array, struct bk_json *value);
void bk_json_push_int(struct bk_json *array, int64_t n);
void bk_json_push_str(struct bk_json *array, const char *text);

/* Version of json-c, "0.16". */
const char *bk_json_library_version(void);

/* Appends {"type":TYPE,TYPE:VALUE} and a newline: a line of JSON lines. Takes the
   value; `type` must be a literal. */
void bk_json_typed_line(struct bk_buf *out, const char *type, struct bk_json *value);

/* Appends the compact form, one line, no newline at the end. */
void bk_json_render(const struct bk_json *value, struct bk_buf *out);

#endif
