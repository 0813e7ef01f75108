/*
 * The command line: getopt_long driven by the tables, made strict. glibc would
 * take abbreviated options, which break as soon as an option is added, and
 * would stop at the first word when POSIXLY_CORRECT is set; both are avoided
 * here.
 */
#include "cli/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/command.h"

/* A long option's value for getopt: beyond every letter, so that '?' as the
   letter of --help cannot be taken for one. */
enum { LONG_BASE = 256, MAX_OPTIONS = 64 };

#define FLAG(field) BK_OPT_FLAG, NULL, offsetof(struct bk_options, field)
#define TEXT(argument, field) BK_OPT_TEXT, argument, offsetof(struct bk_options, field)

static const char *const output_words[] = {"table", "json", "jsonl", "csv", NULL};
static const char *const when_words[] = {"auto", "always", "never", NULL};

const struct bk_option bk_common_options[] = {
	{"host", 'h', TEXT("HOST", host), "database server, or the directory of its socket", 0, 0,
	 NULL},
	{"port", 'p', TEXT("PORT", port), "port of the database server", 0, 0, NULL},
	{"username", 'U', TEXT("USER", user), "database user", 0, 0, NULL},
	{"dbname", 'd', TEXT("DBNAME", dbname), "database, or a connection string or URI", 0, 0,
	 NULL},
	{"no-password", 'w', FLAG(no_password), "never ask for a password, as is always the case",
	 0, 0, NULL},
	{"config", 0, TEXT("FILE", config), "configuration file", 0, 0, NULL},
	{"profile", 0, TEXT("NAME", profile), "overlay beside it: dev, test or prod", 0, 0, NULL},
	{"instance", 0, TEXT("NAME", instance), "name of this host in the records", 0, 0, NULL},
	{"output", 'o', TEXT("FORMAT", output), "table, json, jsonl or csv", 0, 0, output_words},
	{"json", 0, BK_OPT_JSON, NULL, 0, "the same as --output=json", 0, 0, NULL},
	{"quiet", 'q', FLAG(quiet), "errors only", 0, 0, NULL},
	{"verbose", 'v', BK_OPT_COUNT, NULL, offsetof(struct bk_options, verbose),
	 "say more; twice for debugging", 0, 0, NULL},
	{"color", 0, TEXT("WHEN", color), "auto, always or never", 0, 0, when_words},
	{"progress", 0, TEXT("WHEN", progress), "show how far a run is: auto, always or never", 0,
	 0, when_words},
	{"version", 'V', FLAG(version), "print the version and exit", 0, 0, NULL},
	{"help", '?', FLAG(help), "print this help and exit", 0, 0, NULL},
};
const size_t bk_common_option_count = BK_COUNT(bk_common_options);

struct parser {
	const struct bk_tool *tool;
	int argc;
	char **argv;
	struct bk_options *options;
	bool seen[MAX_OPTIONS];
	bool json;
	struct bk_buf letters;
	struct option *longs;
	struct bk_error *err;
};

static size_t option_count(const struct bk_tool *tool)
{
	return bk_common_option_count + tool->option_count;
}

static const struct bk_option *option_at(const struct bk_tool *tool, size_t i)
{
	return i < bk_common_option_count ? &bk_common_options[i]
					  : &tool->options[i - bk_common_option_count];
}

static bool takes_value(const struct bk_option *o)
{
	return o->kind == BK_OPT_TEXT || o->kind == BK_OPT_TEXTS || o->kind == BK_OPT_NUMBER ||
	       o->kind == BK_OPT_DURATION;
}

static void clear_parser(struct parser *p)
{
	bk_buf_clear(&p->letters);
	free(p->longs);
}

/* The leading '-' makes getopt return words as they come, whatever
   POSIXLY_CORRECT says; the ':' lets us tell a missing value. */
static void fill_getopt(struct parser *p)
{
	size_t count = option_count(p->tool);

	BK_ASSERT(count <= MAX_OPTIONS);
	p->longs = bk_calloc(count + 1, sizeof(*p->longs));
	bk_buf_str(&p->letters, "-:");
	for (size_t i = 0; i < count; i++) {
		const struct bk_option *o = option_at(p->tool, i);

		p->longs[i] = (struct option){o->name,
					      takes_value(o) ? required_argument : no_argument,
					      NULL, LONG_BASE + (int)i};
		if (!o->letter)
			continue;
		bk_buf_char(&p->letters, o->letter);
		if (takes_value(o))
			bk_buf_char(&p->letters, ':');
	}
}

/* The index for what getopt returned, or option_count(). */
static size_t find_option(const struct bk_tool *tool, int value)
{
	size_t count = option_count(tool);

	if (value >= LONG_BASE)
		return (size_t)(value - LONG_BASE);
	for (size_t i = 0; i < count; i++)
		if (value && option_at(tool, i)->letter == value)
			return i;
	return count;
}

static enum bk_rc unknown_long(struct parser *p, const char *name, size_t len)
{
	size_t count = option_count(p->tool);
	const char **names = bk_calloc(count + 1, sizeof(*names));
	BK_CLEAN(bk_free_str) char *word = bk_strndup(name, len);
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	const char *near;

	for (size_t i = 0; i < count; i++)
		names[i] = option_at(p->tool, i)->name;
	near = bk_suggest(word, names);
	free(names);
	bk_escape_line(&shown, word);
	(void)bk_error_set(p->err, BK_E_USAGE, "unknown option --%.60s", bk_buf_cstr(&shown));
	return near ? bk_error_hint(p->err, "did you mean --%s?", near) : BK_E_USAGE;
}

/* getopt would complete an abbreviation, so every long name is looked up before
   getopt sees it. */
static enum bk_rc check_name(struct parser *p, const char *arg)
{
	size_t len;

	if (!arg || strncmp(arg, "--", 2) != 0 || !arg[2])
		return BK_OK;
	arg += 2;
	len = strcspn(arg, "=");
	for (size_t i = 0; i < option_count(p->tool); i++) {
		const char *name = option_at(p->tool, i)->name;

		if (strlen(name) == len && memcmp(name, arg, len) == 0)
			return BK_OK;
	}
	return unknown_long(p, arg, len);
}

/* `word` is the whole argument, in which the letter may be one of several. */
static enum bk_rc unknown_letter(struct parser *p, int letter, const char *word)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	if (letter > ' ' && letter < 0x7F)
		(void)bk_error_set(p->err, BK_E_USAGE, "unknown option -%c", letter);
	else {
		bk_quote(&shown, word);
		(void)bk_error_set(p->err, BK_E_USAGE, "unknown option in %s", bk_buf_cstr(&shown));
	}
	for (size_t i = 0; i < option_count(p->tool); i++)
		if (strcmp(option_at(p->tool, i)->name, word + 1) == 0)
			return bk_error_hint(p->err, "did you mean -%s?", word);
	return BK_E_USAGE;
}

static enum bk_rc missing_value(struct parser *p, int value)
{
	const struct bk_option *o = option_at(p->tool, find_option(p->tool, value));

	if (value >= LONG_BASE)
		return bk_error_set(p->err, BK_E_USAGE, "option --%s needs a value: --%s=%s",
				    o->name, o->name, o->argument);
	(void)bk_error_set(p->err, BK_E_USAGE, "option -%c needs a value: -%c %s", o->letter,
			   o->letter, o->argument);
	/* Whoever types -h among other things may have wanted the help. */
	return o->letter == 'h' ? bk_error_hint(p->err, "for help use --help") : BK_E_USAGE;
}

enum bk_rc bk_check_word(const char *text, struct bk_error *err)
{
	size_t len = strlen(text);

	if (!len)
		return bk_error_set(err, BK_E_USAGE, "is empty");
	if (!bk_utf8_valid(text, len))
		return bk_error_set(err, BK_E_USAGE, "is not valid UTF-8");
	for (size_t n; (n = bk_utf8_len(text, len)); text += n, len -= n)
		if (bk_is_control(bk_utf8_decode(text, n)))
			return bk_error_set(err, BK_E_USAGE, "has a control character");
	return BK_OK;
}

/* A format that one command of the tool has: check_scope() says whether it is this one. */
static bool is_own_format(const struct bk_tool *tool, const struct bk_option *o, const char *text)
{
	return o->words == output_words && tool->format && strcmp(tool->format, text) == 0;
}

static bool is_word(const char *text, const char *const *words)
{
	while (*words && strcmp(*words, text) != 0)
		words++;
	return *words;
}

/* Only values that must be one of some words are shown: others may be secret. */
static enum bk_rc check_text(const struct bk_tool *tool, const struct bk_option *o,
			     const char *text, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf list = BK_BUF_INIT;
	const char *near;

	if (bk_check_word(text, err) != BK_OK)
		return bk_error_prefix(err, "option --%s", o->name);
	if (!o->words || is_word(text, o->words) || is_own_format(tool, o, text))
		return BK_OK;
	bk_quote(&shown, text);
	bk_none_of(&list, o->words);
	(void)bk_error_set(err, BK_E_USAGE, "option --%s: %s %s", o->name, bk_buf_cstr(&shown),
			   bk_buf_cstr(&list));
	near = bk_suggest(text, o->words);
	return near ? bk_error_hint(err, "did you mean \"%s\"?", near) : BK_E_USAGE;
}

static enum bk_rc add_text(const struct bk_option *o, const char *text, struct bk_option_texts *ret,
			   struct bk_error *err)
{
	if (ret->count == BK_TEXTS_MAX)
		return bk_error_set(err, BK_E_USAGE, "option --%s is given more than %d times",
				    o->name, BK_TEXTS_MAX);
	ret->items[ret->count++] = text;
	return BK_OK;
}

static enum bk_rc set_number(const struct bk_option *o, const char *text, int64_t *ret,
			     struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	int64_t n;

	if (bk_parse_u63(text, &n) && n >= o->min && n <= o->max) {
		*ret = n;
		return BK_OK;
	}
	bk_quote(&shown, text);
	return bk_error_set(err, BK_E_USAGE,
			    "option --%s: %s is no number from %" PRId64 " to %" PRId64, o->name,
			    bk_buf_cstr(&shown), o->min, o->max);
}

static enum bk_rc set_duration(const struct bk_option *o, const char *text, int64_t *ret,
			       struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	int64_t ms;

	if (bk_parse_duration(text, &ms) && ms >= o->min && ms <= o->max) {
		*ret = ms;
		return BK_OK;
	}
	bk_quote(&shown, text);
	bk_buf_str(&shown, " is no duration from ");
	bk_format_duration(&shown, o->min);
	bk_buf_str(&shown, " to ");
	bk_format_duration(&shown, o->max);
	return bk_error_set(err, BK_E_USAGE, "option --%s: %s (write 500ms, 30s, 5m, 24h or 30d)",
			    o->name, bk_buf_cstr(&shown));
}

static enum bk_rc set_option(struct parser *p, size_t index, const char *text)
{
	const struct bk_option *o = option_at(p->tool, index);
	void *target = (char *)p->options + o->offset;
	enum bk_rc rc = BK_OK;

	if (takes_value(o) && o->kind != BK_OPT_TEXTS && p->seen[index])
		return bk_error_set(p->err, BK_E_USAGE, "option --%s is given twice", o->name);
	p->seen[index] = true;
	switch (o->kind) {
	case BK_OPT_FLAG:
		*(bool *)target = true;
		break;
	case BK_OPT_COUNT:
		++*(int *)target;
		break;
	case BK_OPT_TEXT:
		rc = check_text(p->tool, o, text, p->err);
		*(const char **)target = text;
		break;
	case BK_OPT_TEXTS:
		rc = check_text(p->tool, o, text, p->err);
		rc = rc ? rc : add_text(o, text, target, p->err);
		break;
	case BK_OPT_NUMBER:
		rc = set_number(o, text, target, p->err);
		break;
	case BK_OPT_DURATION:
		rc = set_duration(o, text, target, p->err);
		break;
	case BK_OPT_JSON:
		p->json = true;
		break;
	}
	return rc;
}

/* What getopt answered for one argument other than a word. */
static enum bk_rc take_answer(struct parser *p, int answer, const char *arg)
{
	/* glibc sets optopt with an error only; a good -? leaves the 0. */
	if (answer == '?' && optopt >= LONG_BASE)
		return bk_error_set(p->err, BK_E_USAGE, "option --%s takes no value",
				    option_at(p->tool, (size_t)(optopt - LONG_BASE))->name);
	if (answer == '?' && optopt)
		return unknown_letter(p, optopt, arg);
	if (answer == ':')
		return missing_value(p, optopt);
	return set_option(p, find_option(p->tool, answer), optarg);
}

/* Takes the options and moves the words to argv[1] and following; *ret_count is
   their number. A word's place is never beyond what getopt has read. */
static enum bk_rc take_options(struct parser *p, int *ret_count)
{
	int kept = 0;
	enum bk_rc rc;

	optind = 0; /* glibc: start afresh */
	opterr = 0;
	for (;;) {
		int at = optind ? optind : 1;
		int answer;

		if (at < p->argc && (rc = check_name(p, p->argv[at])))
			return rc;
		optopt = 0;
		answer = getopt_long(p->argc, p->argv, bk_buf_cstr(&p->letters), p->longs, NULL);
		if (answer == -1)
			break;
		if (answer == 1)
			p->argv[++kept] = optarg;
		else if ((rc = take_answer(p, answer, p->argv[at])))
			return rc;
	}
	while (optind < p->argc)
		p->argv[++kept] = p->argv[optind++];
	*ret_count = kept;
	return BK_OK;
}

static enum bk_rc check_contradictions(struct parser *p)
{
	struct bk_options *o = p->options;

	if (p->json && o->output && strcmp(o->output, "json") != 0)
		return bk_error_set(p->err, BK_E_USAGE, "options --json and --output=%s contradict",
				    o->output);
	if (o->quiet && o->verbose)
		return bk_error_set(p->err, BK_E_USAGE, "options --quiet and --verbose contradict");
	if (p->json)
		o->output = "json";
	return BK_OK;
}

/* Options that the command cannot do without. */
static enum bk_rc check_needed(struct parser *p, const struct bk_command *command)
{
	const char *list = command->options;
	struct bk_option_word w;

	while (bk_option_word_next(&list, &w))
		for (size_t i = bk_common_option_count; i < option_count(p->tool); i++) {
			const struct bk_option *o = option_at(p->tool, i);

			if (!w.needed || p->seen[i] || strlen(o->name) != w.len ||
			    memcmp(o->name, w.name, w.len) != 0)
				continue;
			return bk_error_set(p->err, BK_E_USAGE, "%s%s%s needs the option --%s%s%s",
					    p->tool->name, command->name ? " " : "",
					    command->name ? command->name : "", o->name,
					    o->argument ? "=" : "", o->argument ? o->argument : "");
		}
	return BK_OK;
}

/* Options and formats that the tool has but this command does not take. */
static enum bk_rc check_scope(struct parser *p, const struct bk_command *command)
{
	const char *format = p->options->output;

	if (format && !is_word(format, output_words) &&
	    (!command->name || strcmp(command->name, p->tool->format_command) != 0))
		return bk_error_set(p->err, BK_E_USAGE, "option --output=%s is not for %s%s%s",
				    format, p->tool->name, command->name ? " " : "",
				    command->name ? command->name : "");
	for (size_t i = bk_common_option_count; i < option_count(p->tool); i++) {
		const char *name = option_at(p->tool, i)->name;

		if (p->seen[i] && !bk_command_takes(command, name))
			return bk_error_set(p->err, BK_E_USAGE, "option --%s is not for %s%s%s",
					    name, p->tool->name, command->name ? " " : "",
					    command->name ? command->name : "");
	}
	return BK_OK;
}

static enum bk_rc parse(struct parser *p, struct bk_cmdline *line)
{
	int words = 0;
	enum bk_rc rc;

	if (p->argc < 1)
		return bk_error_set(p->err, BK_E_USAGE, "started without even a program name");
	if (p->argc == 2 && strcmp(p->argv[1], "-h") == 0) {
		p->options->help = true;
		return BK_OK;
	}
	fill_getopt(p);
	if ((rc = take_options(p, &words)) || (rc = check_contradictions(p)))
		return rc;
	if (p->options->help || p->options->version)
		return BK_OK;
	line->operands = (const char *const *)p->argv + 1;
	if ((rc = bk_command_take(p->tool, words, line, p->err)))
		return rc;
	if ((rc = check_scope(p, line->command)))
		return rc;
	return check_needed(p, line->command);
}

static struct bk_options no_options(const struct bk_tool *tool)
{
	struct bk_options o = {
		.limit = -1, .allow = -1, .for_ms = -1, .splay_ms = -1, .wait_ms = -1};

	for (size_t i = 0; i < tool->option_count; i++)
		if (tool->options[i].kind == BK_OPT_NUMBER ||
		    tool->options[i].kind == BK_OPT_DURATION)
			*(int64_t *)(void *)((char *)&o + tool->options[i].offset) = -1;
	return o;
}

/* Whether JSON is asked for anywhere on a line that cannot be read as a whole. */
static const char *find_json(int argc, char **argv)
{
	static const char *const heads[] = {"--output=", "-o=", "-o"};

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *value = NULL;

		if (strcmp(argv[i], "--json") == 0)
			return "json";
		if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0)
			value = argv[i + 1];
		for (size_t h = 0; h < BK_COUNT(heads) && !value; h++)
			if (strncmp(argv[i], heads[h], strlen(heads[h])) == 0)
				value = argv[i] + strlen(heads[h]);
		if (value && (strcmp(value, "json") == 0 || strcmp(value, "jsonl") == 0))
			return value;
	}
	return NULL;
}

enum bk_rc bk_cmdline_parse(const struct bk_tool *tool, int argc, char **argv,
			    struct bk_cmdline *ret, struct bk_error *err)
{
	struct bk_cmdline line = {.options = no_options(tool)};
	const char *json = find_json(argc, argv);
	BK_CLEAN(clear_parser)
	struct parser p = {.tool = tool,
			   .argc = argc,
			   .argv = argv,
			   .options = &line.options,
			   .letters = BK_BUF_INIT,
			   .err = err};
	enum bk_rc rc = parse(&p, &line);

	if (rc) {
		*ret = (struct bk_cmdline){.options = no_options(tool)};
		ret->options.output = json;
		return rc;
	}
	*ret = line;
	if (line.command == &line.own_job)
		ret->command = &ret->own_job;
	return BK_OK;
}
