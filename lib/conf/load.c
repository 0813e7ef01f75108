/*
 * The only caller of libconfuse; see load.h.
 */
#include "conf/load.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "conf/lex.h"

/* libconfuse gives its error function no pointer of ours, and its lexer is one
   per process anyway, so the error has to travel through here. */
static struct bk_error *sink;

/* The first complaint counts: what follows it is its consequence. */
static void complain(cfg_t *cfg, const char *fmt, va_list args) BK_PRINTF(2, 0);

static void complain(cfg_t *cfg, const char *fmt, va_list args)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf safe = BK_BUF_INIT;
	char text[sizeof(sink->message)];

	if (!sink || sink->rc != BK_OK)
		return;
	(void)vsnprintf(text, sizeof(text), fmt, args);
	bk_escape_line(&safe, text);
	(void)bk_error_set(sink, BK_E_CONFIG, "%d: %s", cfg->line, bk_buf_cstr(&safe));
}

/* The option array of one section, with those of its sections inside it;
   cfg_init() copies all of them. */
static cfg_opt_t *make_options(const struct bk_names *names, const char *section)
{
	const struct bk_name *child;
	cfg_opt_t *opts = NULL;
	size_t n;

	for (n = 0; (child = bk_names_child(names, section, n)); n++) {
		const char *leaf = bk_name_leaf(child);

		opts = bk_realloc(opts, n + 2, sizeof(*opts));

		switch (child->kind) {
		case BK_NAME_SECTION:
			opts[n] = (cfg_opt_t)CFG_SEC(leaf, make_options(names, child->full),
						     CFGF_NONE);
			break;
		case BK_NAME_SCALAR:
			opts[n] = (cfg_opt_t)CFG_STR(leaf, NULL, CFGF_NODEFAULT);
			break;
		case BK_NAME_LIST:
			opts[n] = (cfg_opt_t)CFG_STR_LIST(leaf, NULL, CFGF_NODEFAULT);
			break;
		}
	}
	opts = bk_realloc(opts, n + 1, sizeof(*opts));
	opts[n] = (cfg_opt_t)CFG_END();
	return opts;
}

static void free_options(cfg_opt_t *opts)
{
	for (cfg_opt_t *o = opts; o->name; o++)
		if (o->subopts)
			free_options(o->subopts);
	free(opts);
}

static void free_cfg(cfg_t **cfg)
{
	if (*cfg)
		(void)cfg_free(*cfg);
}

static cfg_t *make_cfg(const struct bk_names *names)
{
	cfg_opt_t *opts = make_options(names, "");
	cfg_t *cfg = cfg_init(opts, CFGF_NONE);

	free_options(opts);
	BK_ASSERT(cfg);
	(void)cfg_set_error_function(cfg, complain);
	return cfg;
}

static void take_values(cfg_t *cfg, const struct bk_lex *lex, struct bk_raws *ret)
{
	ret->items = bk_calloc(lex->count, sizeof(*ret->items));
	ret->count = lex->count;
	for (size_t i = 0; i < lex->count; i++) {
		struct bk_raw *raw = &ret->items[i];
		cfg_opt_t *opt = cfg_getopt(cfg, lex->entries[i].name->path);

		BK_ASSERT(opt);
		raw->name = lex->entries[i].name;
		raw->line = lex->entries[i].line;
		if (raw->name->kind == BK_NAME_SECTION)
			continue;
		raw->count = cfg_opt_size(opt);
		raw->items = bk_calloc(raw->count, sizeof(*raw->items));
		for (unsigned n = 0; n < raw->count; n++) {
			const char *text = cfg_opt_getnstr(opt, n);

			raw->items[n] = bk_strdup(text ? text : "");
		}
	}
}

static enum bk_rc parse(char *text, const struct bk_lex *lex, const struct bk_names *names,
			struct bk_raws *ret, struct bk_error *err)
{
	BK_CLEAN(free_cfg) cfg_t *cfg = make_cfg(names);
	struct bk_error complaint = {0};
	int status;

	sink = &complaint;
	status = cfg_parse_buf(cfg, text);
	sink = NULL;
	if (complaint.rc != BK_OK) {
		*err = complaint;
		return err->rc;
	}
	if (status != CFG_SUCCESS)
		return bk_error_set(err, BK_E_CONFIG, "%d: cannot be read", cfg->line);
	take_values(cfg, lex, ret);
	return BK_OK;
}

enum bk_rc bk_load_text(char *text, size_t len, struct bk_names *names, struct bk_raws *ret,
			struct bk_error *err)
{
	BK_CLEAN(bk_lex_clear) struct bk_lex lex = {NULL, 0};
	enum bk_rc rc;

	if ((rc = bk_lex_text(text, len, names, &lex, err)))
		return rc;
	return parse(text, &lex, names, ret, err);
}

void bk_raws_clear(struct bk_raws *raws)
{
	for (size_t i = 0; i < raws->count; i++) {
		for (size_t n = 0; n < raws->items[i].count; n++)
			free(raws->items[i].items[n]);
		free(raws->items[i].items);
	}
	free(raws->items);
	*raws = (struct bk_raws){NULL, 0};
}
